def reward_function(params):
    try:
        reward = 1.0 / params['distance_from_center']
    except ZeroDivisionError:
        reward = 10.0
    return min(reward, 10.0)
