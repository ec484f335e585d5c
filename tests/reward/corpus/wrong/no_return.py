def reward_function(params):
    reward = params['speed']
