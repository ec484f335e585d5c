"""Attributes of an object that the function sets: state between calls."""


class Before:
    speed = None


before = Before()


def reward_function(params):
    slower = before.speed is not None and before.speed > params["speed"]
    before.speed = params["speed"]
    return 0.5 if slower else 1.0
