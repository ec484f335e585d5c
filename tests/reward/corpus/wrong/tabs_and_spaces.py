def reward_function(params):
    if params['speed'] > 1:
        x = 1.0
	x = 2.0
    return x
