recent = [0.0, 0.0, 0.0]


def reward_function(params):
    global recent
    recent = recent[1:] + [params["speed"]]
    return max(recent) - min(recent) + 1.0
