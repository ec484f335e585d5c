next_checkpoint = 10.0
started = 0.0


def reward_function(params):
    global next_checkpoint, started
    if params["steps"] <= 2:
        next_checkpoint = 10.0
        started = params["steps"]
    reward = 0.1
    if params["progress"] >= next_checkpoint:
        reward += 100.0 / (params["steps"] - started + 1)
        next_checkpoint += 10.0
    return reward
