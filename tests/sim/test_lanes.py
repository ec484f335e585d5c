"""Lanes: which of their segments are looked at."""

import numpy as np
import pytest

from racer.sim import lanes
from racer.sim.geometry import squared_distance
from racer.sim.jit import kernel
from racer.tracks import Track
from racer.tracks.lanes import lanes_of


@kernel
def overlooked(line, reach, center, samples, neighbours):
    """Of how many points of the centre line the nearest segment is not among those looked at."""
    count, found = line.size - 1, 0
    for j in range(center.size - 1):
        for sample in range(samples):
            r = sample / (samples - 1)
            x, y = center[j].x + r * center[j].dx, center[j].y + r * center[j].dy
            best, nearest = j, squared_distance(line[j], x, y)
            for step in range(-neighbours, neighbours + 1):
                k = (j + step) % count
                d = squared_distance(line[k], x, y)
                if d < nearest or (d == nearest and k < best):
                    best, nearest = k, d
            found += best != lanes.nearest_near(line, reach, j, x, y)
    return found


@pytest.mark.parametrize("name", ["tight", "hairpins", "grand_prix"])
def test_no_nearest_segment_is_overlooked(name):
    track = Track.load(name)
    for way in (track, track.reversed()):
        found = lanes_of(way)
        center = way.arrays.center
        for line, reach in (
            (found.inner_line, found.inner_reach),
            (found.outer_line, found.outer_reach),
        ):
            assert overlooked(line, reach, center, 11, 12) == 0
            seen = reach["back"] + reach["ahead"] + 1
            assert np.mean(seen) < 6
