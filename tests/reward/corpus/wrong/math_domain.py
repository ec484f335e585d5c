import math
def reward_function(params):
    return math.sqrt(-1.0 - params['speed'])
