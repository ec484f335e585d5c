"""Adds keys of its own to params, for the log; constants made of sets and of a bare pi."""

import json
from math import pi

LEFT = {1, 2, 3} | set(range(40, 60))
CENTER = set(range(100)) - LEFT - frozenset([5, 6])
DEGREES = 180 / pi


def reward_function(params):
    reward = 1.0 if params["closest_waypoints"][1] in CENTER else 0.5
    reward += params["heading"] / DEGREES / 100
    params["log_key"] = "mine-{}".format(3)
    params["reward"] = reward
    print(json.dumps(params))
    return float(reward)
