import math


class PARAMS:
    prev_speed = None
    prev_steering_angle = None
    prev_steps = None
    intermediate_progress = 0.0


def reward_function(params):
    speed, steps, angle = params["speed"], params["steps"], params["steering_angle"]
    if PARAMS.prev_steps is None or steps < PARAMS.prev_steps:
        PARAMS.prev_speed = None
        PARAMS.prev_steering_angle = None
        PARAMS.intermediate_progress = 0.0
    reward = 1.0
    if PARAMS.prev_speed is not None and PARAMS.prev_speed > speed:
        reward *= 0.8
    if PARAMS.prev_steering_angle is not None and not math.isclose(PARAMS.prev_steering_angle, angle):
        reward *= 0.9
    gain = params["progress"] - PARAMS.intermediate_progress
    PARAMS.intermediate_progress = params["progress"]
    PARAMS.prev_speed = speed
    PARAMS.prev_steering_angle = angle
    PARAMS.prev_steps = steps
    return float(reward + gain)
