import math

alpha = 0.3
smoothed = None


def reward_function(params):
    global smoothed
    speed = params["speed"]
    if smoothed is None or params["steps"] <= 2:
        smoothed = speed
    else:
        smoothed = alpha * speed + (1 - alpha) * smoothed
    return math.exp(-abs(speed - smoothed))
