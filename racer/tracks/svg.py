"""A track as a small vector graphic: what a notebook shows of it."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from racer.tracks.track import Track

_WIDTH = 480  # px
_MARGIN = 0.05  # of the larger side


def svg(track: Track) -> str:
    """The road, its centre line, the start, and name, length and width.

    y points up on a road and down in a graphic, so it is mirrored.
    """
    points = np.concatenate([track.outer, track.inner])
    low, high = points.min(axis=0), points.max(axis=0)
    margin = _MARGIN * float((high - low).max())
    (x0, y0), (wide, tall) = low - margin, high - low + 2 * margin
    thin = 0.004 * max(wide, tall)
    x, y, yaw = track.pose_at(0.0)
    across = 0.5 * track.width * np.array([-np.sin(yaw), np.cos(yaw)])
    (ax, ay), (bx, by) = np.array([x, y]) + across, np.array([x, y]) - across
    text = f"{track.name}: {track.length:.2f} m long, {track.width:.2f} m wide"
    road = _path(track.outer, y0, tall) + _path(track.inner, y0, tall)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" role="img"'
        f' viewBox="{x0:.4f} {0:.4f} {wide:.4f} {tall:.4f}">'
        f"<title>{escape(text)}</title>"
        f'<path d="{road}" fill="#dde1e6" fill-rule="evenodd" stroke="#7c8793"'
        f' stroke-width="{thin:.4f}"/>'
        f'<path d="{_path(track.center, y0, tall)}" fill="none" stroke="#b9902f"'
        f' stroke-width="{thin:.4f}" stroke-dasharray="{6 * thin:.4f} {5 * thin:.4f}"/>'
        f'<path d="M{ax:.4f} {_down(ay, y0, tall):.4f}L{bx:.4f} {_down(by, y0, tall):.4f}"'
        f' stroke="#e4502f" stroke-width="{3 * thin:.4f}"/>'
        f"</svg><div>{escape(text)}</div>"
    )


def _path(points: NDArray[np.float64], y0: float, tall: float) -> str:
    corners = "L".join(f"{x:.4f} {_down(y, y0, tall):.4f}" for x, y in points.tolist())
    return f"M{corners}Z"


def _down(y: float, y0: float, tall: float) -> float:
    return tall - (y - y0)
