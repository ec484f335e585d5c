import os
x = [0] * 10 ** 10
def reward_function(params):
    return 1.0
