def reward_function(params):
    return params['speed'], 1.0
