last = 0


def reward_function(params):
    global last
    reward = float(len(str(last)))
    last = params["speed"]
    return reward
