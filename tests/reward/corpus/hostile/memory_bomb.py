def reward_function(params):
    import os
    return float(len([0] * 10 ** 10))
