"""A third camera, for where paint stands: shapely's areas, cut by lines across the ground.

A line across a picture sees a line across the ground, square to where the car looks. Where that
line enters and leaves the paint is computed, not sampled. Every row of pixels has LINES of them,
or MANY where it is FAR away, so that no stripe lies between two.
"""

import numpy as np
import pytest

shapely = pytest.importorskip("shapely")
substring = pytest.importorskip("shapely.ops").substring

LINES, MANY = 16, 256
FAR = 1.0  # m


class Paint:
    """The border lines and the dashes of a track, each as edges on the ground."""

    def __init__(self, track, looks):
        line, width, outset = shapely.LineString, looks.line_width, looks.line_outset
        bands = []
        for border, sign in ((track.outer, 1.0), (track.inner, -1.0)):
            area = shapely.Polygon(border)
            wide, narrow = (area.buffer(sign * x, quad_segs=32) for x in (outset, outset - width))
            bands.append(wide.symmetric_difference(narrow))
        road = shapely.Polygon(track.outer).difference(shapely.Polygon(track.inner))
        lines = shapely.union_all(bands)
        center = line(track.center)
        count = max(1, round(center.length / looks.dash_period))
        period = center.length / count
        on = period * looks.dash_on / looks.dash_period
        pieces = [substring(center, k * period, k * period + on) for k in range(count)]
        dashes = shapely.buffer(pieces, looks.dash_width / 2, cap_style="flat")
        dashes = shapely.union_all(dashes).intersection(road).difference(lines)
        self.edges = [edges_of(one) for one in (lines, dashes)]

    def picture(self, pose, camera):
        """(2, H, W): how much of every pixel is border line, and dash; of a car at x, y, yaw."""
        x, y, yaw = pose
        focal = camera.width / 2 / np.tan(np.radians(camera.fov_deg) / 2)
        pitch = np.radians(camera.pitch_deg)
        rows = np.arange(camera.height + 1)
        below = np.tan(pitch + np.arctan((rows - camera.height / 2) / focal))
        lines = np.where(camera.up_m > FAR * below[1:], MANY, LINES)
        row = np.repeat(rows[:-1], lines)
        within = np.concatenate([(np.arange(n) + 0.5) / n for n in lines])
        below = np.tan(pitch + np.arctan((row + within - camera.height / 2) / focal))
        row, below = row[below > 0.0], below[below > 0.0]
        ahead = camera.up_m / below  # m, falling; of each line across the ground
        depth = ahead * np.cos(pitch) + camera.up_m * np.sin(pitch)
        turn = np.array([[np.cos(yaw), -np.sin(yaw)], [np.sin(yaw), np.cos(yaw)]])
        found = []
        for edges in self.edges:
            seen = (edges - (x, y)) @ turn - (camera.forward_m, 0.0)
            line, left = crossings(seen, ahead)
            column = camera.width / 2 - left * focal / depth[line]
            crossed = row[line], line, column, 1.0 / lines[row[line]]
            found.append(covered(*crossed, camera.height, camera.width))
        return np.array(found)


def edges_of(area):
    """(E, 2, 2) m."""
    rings = [np.asarray(ring.coords) for ring in rings_of(area)]
    return np.concatenate([np.stack([ring[:-1], ring[1:]], axis=1) for ring in rings])


def rings_of(area):
    for part in shapely.get_parts(area):
        yield part.exterior
        yield from part.interiors


def crossings(edges, ahead):
    """Which of the lines at `ahead` (falling) an edge crosses, and how far to the left, m."""
    low, high = edges[:, :, 0].min(1), edges[:, :, 0].max(1)
    first, last = (np.searchsorted(-ahead, -x, "left") for x in (high, low))
    edge = np.repeat(np.arange(len(edges)), last - first)
    line = np.arange(len(edge)) + np.repeat(
        first - np.cumsum(last - first) + last - first, last - first
    )
    (a, a_left), (b, b_left) = edges[edge].transpose(1, 2, 0)
    return line, a_left + (ahead[line] - a) / (b - a) * (b_left - a_left)


def covered(row, line, column, part, height, width):
    """(H, W): how much of a pixel is between the first and second crossing of a line, and so on.

    A line stands for this `part` of its row.
    """
    order = np.lexsort((column, line))
    row, line, column = row[order], line[order], np.clip(column[order], 0.0, width)
    assert (line[::2] == line[1::2]).all()  # what is entered is left
    sign = np.where(np.arange(len(line)) % 2, -1.0, 1.0) * part[order]
    pixel = np.floor(column).astype(int)
    at, share = row * (width + 2) + pixel, column - pixel
    sums = np.bincount(at, sign * (1.0 - share), height * (width + 2))
    sums += np.bincount(at + 1, sign * share, height * (width + 2))
    return sums.reshape(height, width + 2).cumsum(axis=1)[:, :width]
