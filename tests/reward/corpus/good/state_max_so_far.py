best = 0.0


def reward_function(params):
    global best
    if params["steps"] <= 2:
        best = 0.0
    gain = max(0.0, params["progress"] - best)
    best = max(best, params["progress"])
    return gain + 0.01
