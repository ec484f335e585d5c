side = "none"


def reward_function(params):
    global side
    now = "left" if params["is_left_of_center"] else "right"
    reward = 1.0 if now == side else 0.5
    side = now
    return reward
