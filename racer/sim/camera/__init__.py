"""The camera: a picture of the ground and of upright boxes, in exact perspective, anti-aliased.

Nothing is sampled. The ground is cut into areas of one colour; every edge between two of them is
projected, and adds the difference of the two colours to the pixels it crosses, each by the area
that lies to the right of it. A sum along each row then gives every pixel the mean colour of what
is in it, at any distance: far lines do not flicker, and there is no texture to run out of.
"""

from racer.sim.camera.ground import Ground, ground_of
from racer.sim.camera.picture import desk, draw
from racer.sim.camera.stack import fill_stack, move_stack
from racer.sim.camera.view import VIEW, view

__all__ = ["VIEW", "Ground", "desk", "draw", "fill_stack", "ground_of", "move_stack", "view"]
