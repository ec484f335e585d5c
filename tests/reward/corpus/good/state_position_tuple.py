import math

last_position = (0.0, 0.0)


def reward_function(params):
    global last_position
    here = (params["x"], params["y"])
    distance = math.hypot(here[0] - last_position[0], here[1] - last_position[1])
    last_position = (params["x"], params["y"])
    return min(distance, 5.0)
