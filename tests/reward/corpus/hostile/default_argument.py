def helper(value, sink=open('@CANARY@', 'w')):
    return value


def reward_function(params):
    return helper(params['speed'])
