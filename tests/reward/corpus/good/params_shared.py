P = {}


def speed():
    return P['speed'] * 0.5


def reward_function(params):
    global P
    P = params
    return speed() + params['progress']
