import math

PREV_SPEED = 0.0
PREV_STEERING = 0.0


def reward_function(params):
    global PREV_SPEED, PREV_STEERING
    speed, steering = params["speed"], params["steering_angle"]
    reward = 1.0
    if abs(steering - PREV_STEERING) > 15:
        reward *= 0.7
    if speed > PREV_SPEED:
        reward += 0.2
    PREV_SPEED = speed
    PREV_STEERING = steering
    return float(reward)
