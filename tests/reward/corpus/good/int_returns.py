def reward_function(params):
    if params['is_offtrack']:
        return 0
    if params['speed'] > 2.0:
        return 2
    return True
