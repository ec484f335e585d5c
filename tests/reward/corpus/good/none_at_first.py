def reward_function(params):
    bonus = None
    if params['speed'] > 2:
        bonus = 1.0
    if bonus is not None:
        return 1.0 + bonus
    return 1.0
