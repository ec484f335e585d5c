"""Several excepts, and ones that catch one kind."""

import math


def reward_function(params):
    points, at = params["waypoints"], params["closest_waypoints"][1]
    try:
        ahead = points[at + 15]
    except IndexError:
        ahead = points[(at + 15) % len(points)]
    try:
        angle = math.acos(1.0 - params["distance_from_center"] * 4)
    except ValueError:
        angle = 0.5
    try:
        pace = params["progress"] / (params["steps"] - 2)
    except ZeroDivisionError:
        pace = 0.0
    try:
        share = 1.0 / (params["track_width"] + 1.0)
    except ZeroDivisionError as error:
        print(error)
        share = 0.0
    except (TypeError, ValueError):
        share = 1.0
    return ahead[0] + angle + pace + share
