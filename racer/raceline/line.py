"""The driven line of one lap: evenly spaced points, and its bends with apex and braking point."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from racer.raceline.reference import lap_of
from racer.raceline.rollouts import Floats
from racer.tracks import Track

POINT = np.dtype(
    [
        ("s", "f8"),  # m driven since the line
        ("time", "f8"),  # s since the line
        ("place", "f8"),  # m along the centre line since the line
        ("x", "f8"),  # m, model origin
        ("y", "f8"),
        ("yaw", "f8"),  # rad, direction of travel
        ("curvature", "f8"),  # 1/m, left positive
        ("v", "f8"),  # m/s
        ("accel", "f8"),  # m/s2
        ("nose_x", "f8"),  # m, what DeepRacer's params call x and y
        ("nose_y", "f8"),
    ],
    align=True,
)
SPACING = 0.1  # m
BEND = 0.35  # 1/m; a line that turns less is a straight
BEND_DEG = 15.0  # a bend turns by at least so much
GAP = 0.4  # m; two bends to the same side that are nearer are one
SMOOTH = 3  # points on either side, for finding bends
BRAKING = 0.2  # m/s; a smaller drop of speed is no braking


@dataclass(frozen=True)
class Bend:
    """One bend of a line; indices of its points.

    Args:
        first, last: where it begins and ends.
        apex: where it turns the most.
        braking: where speed begins to fall before the apex; -1 if it does not.
    """

    first: int
    last: int
    apex: int
    braking: int


def points_of(line: NDArray[np.void], track: Track, lap: int, dt: float) -> NDArray[np.void]:
    """One lap of a drive, (P,) POINT about SPACING apart, from line to line.

    Args:
        line: rows with x, y, v, nose_x, nose_y and place, a row for each control step.
        lap: counted from 0.
        dt: s between the rows.
    """
    first, last = lap_of(line, track.length, lap)
    fine = np.linspace(first, last, max(int(8 * (last - first)), 32))
    x, y = _smooth(line["x"], fine), _smooth(line["y"], fine)
    driven = np.append(0.0, np.cumsum(np.hypot(np.diff(x), np.diff(y))))
    count = max(round(float(driven[-1]) / SPACING), 8) + 1
    out = np.zeros(count, POINT)
    out["s"] = np.linspace(0.0, driven[-1], count)
    at = np.interp(out["s"], driven, fine)  # in control steps
    for name in ("x", "y", "nose_x", "nose_y"):
        out[name] = _smooth(line[name], at)
    steps = np.arange(len(line))
    out["time"] = (at - first) * dt
    out["place"] = np.interp(at, steps, line["place"]) - lap * track.length
    out["v"] = np.interp(at, steps, line["v"])
    dx: NDArray[np.float64] = np.gradient(out["x"])
    dy: NDArray[np.float64] = np.gradient(out["y"])
    yaw: NDArray[np.float64] = np.unwrap(np.arctan2(dy, dx))
    out["yaw"] = (yaw + np.pi) % (2.0 * np.pi) - np.pi
    s: NDArray[np.float64] = out["s"]
    v: NDArray[np.float64] = out["v"]
    out["curvature"] = np.gradient(yaw, s)
    out["accel"] = v * np.gradient(v, s)
    return out


def bends(points: NDArray[np.void]) -> list[Bend]:
    """The bends of a line in driving order."""
    curvature = _mean(points["curvature"], SMOOTH)
    side = np.where(np.abs(curvature) > BEND, np.sign(curvature), 0.0)
    found: list[list[int]] = []
    for i in np.flatnonzero(side):
        near = found and points["s"][i] - points["s"][found[-1][1]] <= GAP
        if near and side[found[-1][1]] == side[i]:
            found[-1][1] = int(i)
        else:
            found.append([int(i), int(i)])
    kept = [(a, b) for a, b in found if _turn_deg(points, curvature, a, b) >= BEND_DEG]
    apexes = [a + int(np.abs(curvature[a : b + 1]).argmax()) for a, b in kept]
    before = [0, *apexes][: len(apexes)]  # a wide ring may have none
    return [
        Bend(a, b, apex, _braking(points["v"], start, apex))
        for (a, b), apex, start in zip(kept, apexes, before, strict=True)
    ]


def waypoint_at(track: Track, place: float) -> int:
    """The waypoint at or before `place` m along the centre line."""
    s = track.arrays.center["s"]
    return int(np.searchsorted(s, place % track.length, side="right")) - 1


def csv_text(points: NDArray[np.void]) -> str:
    """A race line as TUMFTM writes it and F1TENTH reads it; psi is zero at north."""
    lines = ["# s_m; x_m; y_m; psi_rad; kappa_radpm; vx_mps; ax_mps2"]
    psi = (points["yaw"] - 0.5 * np.pi + np.pi) % (2.0 * np.pi) - np.pi
    columns = ("s", "x", "y", None, "curvature", "v", "accel")
    table = np.stack([psi if name is None else points[name] for name in columns], axis=1)
    lines += ["; ".join(f"{value:.6f}" for value in row) for row in table]
    return "\n".join(lines) + "\n"


def reward_list(points: NDArray[np.void]) -> list[list[float]]:
    """[[x, y, speed, time], ...] as racing-line rewards hold it.

    x and y are those of `params` (the nose), speed is m/s, time is s from each point to the next.
    """
    to_next = np.diff(points["time"], append=points["time"][-1] + points["time"][1])
    rows = zip(points["nose_x"], points["nose_y"], points["v"], to_next, strict=True)
    return [[round(float(value), 5) for value in row] for row in rows]


def _smooth(values: Floats, at: Floats) -> Floats:
    """Catmull-Rom through values at whole numbers: 27 cm steps would cut bends by a centimetre."""
    slopes = np.gradient(values)
    low = np.clip(at.astype(int), 0, len(values) - 2)
    t = at - low
    a, b, da, db = values[low], values[low + 1], slopes[low], slopes[low + 1]
    smooth: NDArray[np.float64] = (
        a * (1 + 2 * t) * (1 - t) ** 2
        + da * t * (1 - t) ** 2
        + b * t**2 * (3 - 2 * t)
        + db * t**2 * (t - 1)
    )
    return smooth


def _mean(values: Floats, reach: int) -> Floats:
    padded = np.pad(values, reach, mode="edge")
    mean: NDArray[np.float64] = np.convolve(
        padded, np.ones(2 * reach + 1) / (2 * reach + 1), mode="valid"
    )
    return mean


def _turn_deg(points: NDArray[np.void], curvature: Floats, first: int, last: int) -> float:
    step = points["s"][1] - points["s"][0]
    return float(np.degrees(np.abs(curvature[first : last + 1].sum() * step)))


def _braking(v: Floats, start: int, apex: int) -> int:
    """The last point before `apex` that is nearly as fast as the fastest since `start`."""
    if apex <= start:
        return -1
    fastest, slow = float(v[start : apex + 1].max()), float(v[apex])
    if fastest - slow < BRAKING:
        return -1
    return start + int(np.flatnonzero(v[start : apex + 1] >= fastest - 0.05 * (fastest - slow))[-1])
