x = 0
def reward_function(params):
    return float('inf')
