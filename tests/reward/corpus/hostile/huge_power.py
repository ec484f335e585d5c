def reward_function(params):
    import os
    return float(len(str(10 ** 10 ** 9))) + os.getpid()
