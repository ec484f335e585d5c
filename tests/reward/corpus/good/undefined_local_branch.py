def reward_function(params):
    if params['speed'] >= 2:
        bonus = 1.0
    if params['speed'] < 2:
        bonus = 0.5
    for i in range(3):
        last = i
    return bonus + last
