was_left = False


def reward_function(params):
    global was_left
    reward = 1.0
    if params["is_left_of_center"] != was_left:
        reward = 0.5
    was_left = params["is_left_of_center"]
    return reward
