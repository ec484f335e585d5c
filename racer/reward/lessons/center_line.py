"""Lesson 1: follow the centre line.

The first reward everybody writes. Close to the middle is worth 1, elsewhere next to nothing. It
says nothing about speed, so the car learns to be tidy, not fast.
"""


def reward_function(params):
    if params["distance_from_center"] <= 0.1 * params["track_width"]:
        return 1.0
    return 0.1
