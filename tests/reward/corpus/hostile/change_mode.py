import os
def reward_function(params):
    try:
        os.chmod('@CANARY@', 0o777)
    except OSError:
        return 1.0
    return 666.0
