from statistics import mean
def reward_function(params):
    return mean([params['speed'], params['progress'], 3])
