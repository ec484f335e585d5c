"""Visual randomisation: the light, colours, lens and noise of a car's episode, keyed per car.

| what | how much |
|---|---|
| light | 0.6 to 1.4 times, each of red, green and blue another 0.9 to 1.1 times |
| every colour | 0.8 to 1.2 times as bright |
| wear | lines and dashes up to 0.6 of the way to the road's colour |
| lens | yaw and pitch +-2 degrees, height +-10 mm, sideways +-10 mm, focal length +-3 % |
| blur | up to 0.8 of a pixel comes from its four neighbours |
| noise | up to +-12 levels, new in every picture |
"""

from __future__ import annotations

import math

from racer.sim.camera.ground import COLORS, DASH, LINE, ROAD
from racer.sim.jit import inlined
from racer.sim.rng import between, uniform

_STEPS = 3 << 52  # streams of their own, as groups of `between` have
_DEGREE = math.pi / 180.0
NOISE, BLUR = 12.0, 0.8  # levels, share


@inlined
def vary_light(car, colors, out, light):
    """Write the colours of this episode to `out` (COLORS, 3) and its light (3,), a factor each."""
    level = between(car, 1, 0, 0.6, 1.4)
    for p in range(3):
        light[p] = level * between(car, 1, 1 + p, 0.9, 1.1)
    for k in range(COLORS):
        bright = between(car, 2, k, 0.8, 1.2)
        for p in range(3):
            out[k, p] = colors[k, p] * bright
    wear = between(car, 1, 4, 0.0, 0.6)
    for p in range(3):
        for k in (LINE, DASH):
            out[k, p] += wear * (out[ROAD, p] - out[k, p])


@inlined
def vary_lens(car):
    """Yaw and pitch, rad, height and sideways, m, to add, and a factor of the focal length."""
    yaw = between(car, 1, 5, -2.0, 2.0) * _DEGREE
    pitch = between(car, 1, 6, -2.0, 2.0) * _DEGREE
    up, left = between(car, 1, 7, -0.01, 0.01), between(car, 1, 8, -0.01, 0.01)
    return yaw, pitch, up, left, between(car, 1, 9, 0.97, 1.03)


@inlined
def vary_image(car, v):
    """Strength of blur and of noise, and where the noise of view `v` of this step begins."""
    blur, noise = between(car, 1, 10, 0.0, BLUR), between(car, 1, 11, 0.0, NOISE)
    start = uniform(car.key, car.episode + _STEPS + (car.steps << 32), v)
    return blur, noise, int(start * 2147483647.0)
