"""What it says of a reward how it pays the scripted drivers, beside what they deserve."""

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
    best, found = drives[0], []

    def warn(code: str, what: str) -> None:
        found.append(Finding("warning", line, code, what))

    if len({(d.per_step, d.largest_step) for d in drives}) == 1 or _is_constant(drives):
        warn("constant", f"pays {best.per_step:g} whatever the car does; nothing can be learned.")
        return found
    slower = [d for d in drives[1:] if d.merit > best.merit]
    enough = best.total + LONGER * abs(best.total)
    better = best.per_step + PAID_MORE * abs(best.per_step)
    per_step = [d for d in slower if d.merit > 1 and d.per_step > better and d.total > enough]
    for d in per_step:
        what = f"pays '{d.driver}' {d.per_step:.3g} a step, '{best.driver}' {best.per_step:.3g}"
        warn("exploit", f"{what}: '{d.driver}' exploits it.")
    longer = [d for d in slower if d.total > enough and d not in per_step]
    if longer:
        names = ", ".join(f"'{d.driver}' {d.total:.4g}" for d in longer)
        what = f"an episode of '{best.driver}' earns {best.total:.4g}, but {names}"
        warn("episode-length", f"{what}: longer episodes pay more than better ones.")
    if best.total > 0 and best.largest_step > DOMINATED * best.total:
        share = best.largest_step / best.total
        warn("terminal-bonus", f"one step pays {share:.0%} of a whole lap; the rest hardly counts.")
    return found


def _is_constant(drives: list[Drive]) -> bool:
    values = [d.per_step for d in drives]
    return max(values) - min(values) <= 1e-12 * max(1.0, abs(values[0]))
