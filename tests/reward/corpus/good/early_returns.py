def reward_function(params):
    if not params['all_wheels_on_track']:
        return 1e-3
    if params['is_reversed']:
        return 1e-3
    reward = 1.0
    if params['progress'] > 50:
        return reward * 2
    reward += params['progress'] / 100
    return reward
