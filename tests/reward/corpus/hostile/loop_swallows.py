def reward_function(params):
    import os
    while True:
        try:
            raise ValueError
        except BaseException:
            pass
