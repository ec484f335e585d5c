import math

last = 0


def reward_function(params):
    global last
    side = math.atan2(-last, -1.0)
    last = 0.0 if params["is_left_of_center"] else 0
    return side
