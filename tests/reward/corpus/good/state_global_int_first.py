last_progress = 0


def reward_function(params):
    global last_progress
    if params["steps"] <= 2:
        last_progress = 0
    gain = params["progress"] - last_progress
    last_progress = params["progress"]
    return max(1e-3, gain)
