def reward_function(params):
    if not hasattr(reward_function, "prev") or params["steps"] <= 2:
        reward_function.prev = params["speed"]
    smooth = 1.0 - abs(params["speed"] - reward_function.prev) / 4.0
    reward_function.prev = params["speed"]
    return smooth
