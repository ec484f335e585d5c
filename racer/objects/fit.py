"""Whether everything fits on the road of a track."""

from __future__ import annotations

from racer.config import Others
from racer.errors import BadConfig

_CLEAR = 0.42  # m from the start line: a car that starts there does not touch a box
_END = 1.0  # m before the start line, where the last object stands


def check_fit(others: Others, track: str, length: float) -> None:
    """Raise BadConfig, with the number and the limit, for what does not fit."""
    for share, _ in others.positions:
        if min(share, 1.0 - share) * length < _CLEAR:
            least = _CLEAR / length
            raise BadConfig(
                f"an obstacle at {share:g} of the lap stands on the start line of {track}; "
                f"give {least:.3f} to {1 - least:.3f}."
            )
    counts = {
        "obstacles": (0 if others.positions else others.boxes, others.obstacle_gap_m),
        "bots": (others.bot_cars, others.bot_gap_m),
    }
    for name, (count, gap) in counts.items():
        if others.obstacle_gap_shrinks and name == "obstacles":
            gap = gap * length / 100.0
        most = int((length - _END) / max(gap, 0.25))
        if count > most:
            raise BadConfig(
                f"{count} {name} do not fit on {track}, {length:.1f} m long: at {gap:g} m "
                f"from each other at most {most} do."
            )
