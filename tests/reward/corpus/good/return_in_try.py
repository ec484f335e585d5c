def reward_function(params):
    try:
        return 1.0 / (params['steps'] - 2)
    except ZeroDivisionError:
        return 0.5
