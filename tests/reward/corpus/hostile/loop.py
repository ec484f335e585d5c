def reward_function(params):
    n = 0
    if params['steps'] > 0:
        while True:
            n += 1
    return n
