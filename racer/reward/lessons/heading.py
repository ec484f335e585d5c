"""Lesson 3: point where the road goes.

Two waypoints give the direction of the road: the one behind the car and the one ahead. The angle
between that and the car's heading must be folded into -180..180 degrees, or the reward breaks
where atan2 jumps. The cosine does the folding by itself.
"""

import math


def reward_function(params):
    waypoints = params["waypoints"]
    behind, ahead = params["closest_waypoints"]
    dx = waypoints[ahead][0] - waypoints[behind][0]
    dy = waypoints[ahead][1] - waypoints[behind][1]
    road = math.atan2(dy, dx)
    error = math.radians(params["heading"]) - road
    if not params["all_wheels_on_track"]:
        return 1e-3
    return max(1e-3, math.cos(error))
