"""Where a lens is, where it sees a point, and which level a colour has in a plane."""

from __future__ import annotations

from racer.sim.camera.vary import vary_lens
from racer.sim.jit import inlined
from racer.sim.trig import sincos


@inlined
def eye_of(car, view, varied):
    """Where the lens is and how it looks: x, y, up; sine and cosine of yaw and pitch; focal."""
    yaw, pitch, up, aside, zoom = 0.0, 0.0, 0.0, 0.0, 1.0
    if varied:
        yaw, pitch, up, aside, zoom = vary_lens(car)
    s, c = sincos(car.yaw)
    left = view.left + aside
    x = car.x + c * view.forward - s * left
    y = car.y + s * view.forward + c * left
    s, c = sincos(car.yaw + yaw)
    sp, cp = sincos(max(view.pitch + pitch, 0.0))
    return x, y, max(view.up + up, 0.01), s, c, sp, cp, view.focal * zoom


@inlined
def project(eye, view, ahead, left, up):
    """Column and row, px, of a point seen from under the lens: m ahead, left, above the ground."""
    _, _, height, _, _, sp, cp, focal = eye
    below = height - up
    per_depth = focal / (ahead * cp + below * sp)
    column = 0.5 * view.width - left * per_depth
    return column, 0.5 * view.height + (below * cp - ahead * sp) * per_depth


@inlined
def plane_of(channels, p, weights, red, green, blue):
    """Plane p of a colour: its grey level, or one of red, green and blue."""
    if channels == 1:
        return weights[0] * red + weights[1] * green + weights[2] * blue
    return red if p == 0 else (green if p == 1 else blue)
