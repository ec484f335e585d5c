def reward_function(params):
    if params['speed'] > 100:
        reward = 1.0
    return reward
