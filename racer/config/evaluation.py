"""Settings of the evaluation that ends a training."""

from __future__ import annotations

from dataclasses import dataclass

from racer.config.fields import check, setting


@dataclass(frozen=True)
class EvalConfig:
    """How the result is measured: laps from the start line with the deterministic policy."""

    laps: int = setting(5, "laps driven at the end, the first from standstill", 1, 100_000)

    def __post_init__(self) -> None:
        check(self, "eval.")
