"""Compare what a reward pays each scripted driver with how the drivers should rank."""

from __future__ import annotations

from dataclasses import dataclass

from racer.reward_check.lint import Finding

PAID_MORE = 0.05  # a step, than the clean fast lap, that counts as a fault
LONGER = 0.2  # more reward than the clean fast lap that counts as a fault
DOMINATED = 0.5  # of a lap's reward, in one step


@dataclass(frozen=True)
class Drive:
    """What a reward paid one scripted driver; `merit` is the rank it deserves, 0 best."""

    driver: str
    merit: int
    steps: int
    progress_pct: float
    total: float
    per_step: float
    largest_step: float


def judge(drives: list[Drive], line: int) -> list[Finding]:
    """What the rewards of the drivers say about the reward.

    Args:
        drives: of all scripted drivers; the first is the clean fast lap.
        line: of reward_function.
    """
    if _is_constant(drives):
        what = f"pays {drives[0].per_step:g} whatever the car does: there is nothing to learn."
        return [Finding("warning", line, "constant", what)]
    exploited = _exploited(drives)
    found = [
        Finding("warning", line, code, what)
        for code, what in [
            *(("exploit", _exploit(drives[0], drive)) for drive in exploited),
            *(("episode-length", what) for what in _longer(drives, exploited)),
            *(("terminal-bonus", what) for what in _one_step(drives[0])),
        ]
    ]
    return found


def _is_constant(drives: list[Drive]) -> bool:
    values = [value for d in drives for value in (d.per_step, d.largest_step)]
    return max(values) - min(values) <= 1e-12 * max(1.0, abs(values[0]))


def _earns_too_much(best: Drive, other: Drive) -> bool:
    return other.merit > best.merit and other.total > best.total + LONGER * abs(best.total)


def _exploited(drives: list[Drive]) -> list[Drive]:
    """Drivers that are paid more than the fast lap, per step and in total."""
    best, *others = drives
    better = best.per_step + PAID_MORE * abs(best.per_step)
    return [d for d in others if d.merit > 1 and d.per_step > better and _earns_too_much(best, d)]


def _exploit(best: Drive, other: Drive) -> str:
    paid = f"pays '{other.driver}' {other.per_step:.3g} per step"
    return f"{paid} and '{best.driver}' only {best.per_step:.3g}: '{other.driver}' exploits it."


def _longer(drives: list[Drive], exploited: list[Drive]) -> list[str]:
    best, *others = drives
    longer = [d for d in others if _earns_too_much(best, d) and d not in exploited]
    if not longer:
        return []
    names = ", ".join(f"'{d.driver}' earns {d.total:.4g}" for d in longer)
    return [
        f"an episode of '{best.driver}' earns {best.total:.4g}, but {names}: "
        "longer episodes pay more than better ones."
    ]


def _one_step(best: Drive) -> list[str]:
    if best.total <= 0 or best.largest_step <= DOMINATED * best.total:
        return []
    share = best.largest_step / best.total
    return [f"one step pays {share:.0%} of a whole lap, so the other steps hardly count."]
