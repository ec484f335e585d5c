def reward_function(params):
    x = params['steps'] - params['steps']
    return 1.0 / x
