def reward_function(params):
	if params['speed'] > 1:
		reward = params['speed'] ** 2
	else:
		reward = 0.1
	return float(reward)
