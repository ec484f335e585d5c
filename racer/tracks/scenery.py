"""How the world of a track looks: the official worlds' colours and walls, by the track's name.

What a table does not name looks as most of the 127 official worlds do: grey road, white lines,
orange dashes, and walls of 1 m, 0.76 m outside the rectangle around the track.
"""

from __future__ import annotations

from racer.sim.scenery import Scenery

NO_WALL = -1.0
_OPEN = ("_open", "_pro")  # official worlds without walls end so, but for what has a direction

# Pictures that the official simulator recorded of the 2018 re:Invent track; walls as textured.
_REINVENT_2018 = Scenery(
    road=(38.0, 51.0, 68.0),
    field=(100.0, 143.0, 110.0),
    line=(233.0, 232.0, 227.0),
    dash=(238.0, 143.0, 0.0),
    wall_distance=0.91,
)
_LONG_DASHES = (0.0762, 0.152)
_WORLDS = {
    "reinvent_base": _REINVENT_2018,
    "Vegas_track": Scenery(field=(189.0, 188.0, 106.0), wall_distance=NO_WALL),
    "Oval_track": Scenery(
        line_outset=0.046,
        dash_on=_LONG_DASHES[0],
        dash_period=_LONG_DASHES[1],
        wall_distance=NO_WALL,
    ),
    "AWS_track": Scenery(dash_on=_LONG_DASHES[0], dash_period=_LONG_DASHES[1]),
    "Straight_track": Scenery(dash_width=0.0),
    "Tokyo_Training_track": Scenery(line_width=0.051, dash_on=0.077, dash_period=0.131),
    "Bowtie_track": Scenery(dash_on=0.077, dash_period=0.131),
    "China_track": Scenery(dash_on=0.077, dash_period=0.125),
    "Monaco": Scenery(dash_on=0.077, dash_period=0.19),
    "Singapore": Scenery(dash_on=0.077, dash_period=0.19),
    "caecer_gp": Scenery(dash_on=0.075, dash_period=0.195),
}


def scenery(name: str) -> Scenery:
    """How the world of the track called `name` looks."""
    if name in _WORLDS:
        return _WORLDS[name]
    return Scenery(wall_distance=NO_WALL) if name.endswith(_OPEN) else Scenery()
