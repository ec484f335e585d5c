import os
def reward_function(params):
    try:
        for _ in range(1000):
            os.write(1, b'x' * 100000)
    except OSError:
        pass
    return 1.0
