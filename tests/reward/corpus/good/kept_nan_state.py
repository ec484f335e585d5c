last = 0.0


def reward_function(params):
    global last
    if params["steps"] <= 2:
        last = float("inf")
    d = last - last
    last = params["speed"]
    return 1.0 if d != d else 0.5
