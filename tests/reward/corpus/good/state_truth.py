last = 0.0


def reward_function(params):
    global last
    reward = 1.0
    if last:
        reward = params["speed"] / last
    if not last:
        reward = 0.5
    last = params["speed"]
    return min(reward, 10.0)
