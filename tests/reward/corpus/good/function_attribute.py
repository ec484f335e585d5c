def reward_function(params):
    if params['steps'] <= 2 or not hasattr(reward_function, 'steering'):
        reward_function.steering = params['steering_angle']
    change = abs(params['steering_angle'] - reward_function.steering)
    reward_function.steering = params['steering_angle']
    return 1.0 / (1.0 + change)
