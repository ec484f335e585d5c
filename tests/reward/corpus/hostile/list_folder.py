import os
def reward_function(params):
    try:
        os.listdir('/')
    except OSError:
        return 1.0
    return 666.0
