"""One training that the warm process is asked for, as it crosses to it: JSON on one line."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Job:
    """What to train, and where.

    Args:
        number: of the job; every message about it carries it.
        config: config.toml of the run.
        runs_dir: where the run is made.
        tags: of the run.
        parent: folder of a run to start from; empty for fresh weights.
        checkpoint: which of its policies.
        command: what the manifest says was typed.
        cpu_s: s of processor time after which its processes are killed, where they are forks;
            0 for no limit.
    """

    number: int
    config: str
    runs_dir: str
    tags: tuple[str, ...] = ()
    parent: str = ""
    checkpoint: str = ""
    command: tuple[str, ...] = ()
    cpu_s: int = 0

    def line(self) -> bytes:
        """With its end."""
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def read(cls, found: dict[str, object]) -> Job:
        """What `line` wrote."""
        fields: dict[str, object] = dict(found)
        for name in ("tags", "command"):
            fields[name] = tuple(fields[name])  # type: ignore[arg-type]
        return cls(**fields)  # type: ignore[arg-type]
