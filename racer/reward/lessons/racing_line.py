"""Lesson 6: a racing line by looking ahead.

Aim at a point of the road some way ahead instead of at the next waypoint: the straight line to it
cuts the corner by itself. The farther the look-ahead, the wider the line. Pay for pointing at that
target, times speed: a part that is paid at any speed would make crawling from target to target
the better deal.
"""

import math

LOOK_AHEAD = 1.2  # m, along the waypoints
TOP_SPEED = 4.0  # m/s


def target(waypoints, start, distance):
    """The first waypoint at least `distance` m ahead of waypoint `start`."""
    count = len(waypoints)
    travelled = 0.0
    here = waypoints[start % count]
    for i in range(1, count):
        ahead = waypoints[(start + i) % count]
        travelled += math.hypot(ahead[0] - here[0], ahead[1] - here[1])
        here = ahead
        if travelled >= distance:
            break
    return here


def reward_function(params):
    if params["is_offtrack"]:
        return 1e-3
    x, y = target(params["waypoints"], params["closest_waypoints"][1], LOOK_AHEAD)
    wanted = math.degrees(math.atan2(y - params["y"], x - params["x"]))
    error = (wanted - params["heading"] + 180.0) % 360.0 - 180.0
    aim = max(0.0, 1.0 - abs(error) / 45.0)
    fast = params["speed"] / TOP_SPEED
    reward = 1e-3 + aim**2 * fast
    if not params["all_wheels_on_track"]:
        reward *= 0.3
    return reward
