"""Whether everything fits on the road of a track."""

from __future__ import annotations

from racer.config import Others
from racer.errors import BadConfig
from racer.sim.starts import ROW

_CLEAR = 0.42  # m from the start line: a car that starts there does not touch a box
END_M = 1.0  # m before the start line, or the last row of the grid, where the last one stands


def check_fit(others: Others, track: str, length: float) -> None:
    """Raise BadConfig, with the number and the limit, for what does not fit."""
    grid = ROW * (others.in_world - 1)  # m behind the line, where cars start
    least, most = _CLEAR / length, 1.0 - (grid + _CLEAR) / length
    for share, _ in others.positions:
        if not least <= share <= most:
            where = "start line" if min(share, 1.0 - share) * length < _CLEAR else "grid"
            raise BadConfig(
                f"an obstacle at {share:g} of the lap stands on the {where} of {track}; "
                f"give {least:.3f} to {most:.3f}."
            )
    counts = {
        "obstacles": (0 if others.positions else others.boxes, others.obstacle_gap_m),
        "bots": (others.bot_cars, others.bot_gap_m),
    }
    for name, (count, gap) in counts.items():
        if others.obstacle_gap_shrinks and name == "obstacles":
            gap = gap * length / 100.0
        most = int((length - END_M - grid) / max(gap, 0.25))
        if count > most:
            raise BadConfig(
                f"{count} {name} do not fit on {track}, {length:.1f} m long: at {gap:g} m "
                f"from each other at most {most} do."
            )
