last = 0


def reward_function(params):
    global last
    reward = 1.0 if isinstance(last, int) else 0.5
    last = params["speed"]
    return reward
