import time
def reward_function(params):
    time.sleep(3600)
    return 1.0
