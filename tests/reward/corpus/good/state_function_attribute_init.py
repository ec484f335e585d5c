def reward_function(params):
    delta = params["progress"] - reward_function.last
    reward_function.last = params["progress"]
    return max(delta, 0.0) + 0.01


reward_function.last = 0.0
