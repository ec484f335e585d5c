def reward_function(*args):
    params = args[0]
    return params['speed'] + params['x']
