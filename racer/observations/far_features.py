"""Twenty-seven numbers: those of `features`, and the road farther ahead. For the fastest laps.

The features end 3.2 m before the nose, where a car at 4 m/s is 0.8 s later. The line through one
bend depends on the next one: with 6 m in sight the same training finds laps that are mostly half a
per cent to one per cent faster (docs/fast-laps.md).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from racer.observations import features
from racer.observations.features import observe_car, prefetch_rows, road_ahead
from racer.sim.geometry import table_index
from racer.sim.jit import borrowed, inlined, kernel, prefetch
from racer.sim.trig import sincos

FARTHER_M = (4.5, 6.0)  # along the centre line, from the nose's projection
_NEAR = features.SIZE
_AHEAD = np.array(FARTHER_M)
_PER_AHEAD = 1.0 / _AHEAD


class Observation(features.Observation):
    """Features, and two more points of the road, scaled and clipped as they are.

    | index | meaning | unit of 1.0 | usual range |
    |---|---|---|---|
    | 0 … 20 | as in `features` | | |
    | 21 + 3k | centre line d_k m ahead, forward of the nose | d_k m | -1 … 1 |
    | 22 + 3k | the same point, left of the nose | d_k m | -1 … 1 |
    | 23 + 3k | road width there | 1 m | 0.6 … 1.5 |

    k = 0, 1 with d_k = 4.5, 6.0 m along the centre line. With boxes, bots or other cars on the
    road the nearest three ahead follow from index 27 on, as in `features`.
    """

    size = features.SIZE + 3 * len(FARTHER_M)

    def of_road(self) -> Any:
        """The kernel that writes those numbers."""
        return observe


@inlined
def _prefetch_farther(car, track):
    prefetch_rows(car, track)
    for k in range(_AHEAD.size):
        i, _ = table_index(track, car.s + _AHEAD[k])
        prefetch(track.table, i)


@kernel
def observe(cars, mask, out, track, direction, vehicles):
    """Far features of every car of this direction with mask[i], to out[i]; (N, 27) float32."""
    track, out = borrowed(track), borrowed(out)
    per_speed, per_steer = 1.0 / vehicles[0].speed_max, 1.0 / vehicles[0].steer_max
    for i in range(cars.size):
        if i + 1 < cars.size:
            _prefetch_farther(cars[i + 1], track)
        if mask[i] and cars[i].direction == direction:
            observe_car(cars[i], out[i], track, per_speed, per_steer)
            s, c = sincos(cars[i].yaw)
            for k in range(_AHEAD.size):
                seen = road_ahead(cars[i], track, _AHEAD[k], _PER_AHEAD[k], s, c)
                at = _NEAR + 3 * k
                out[i, at], out[i, at + 1], out[i, at + 2] = seen
