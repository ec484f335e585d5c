def reward_function(params):
    return math.sqrt(params['speed'])
