def reward_function(params):
    import os
    raise KeyboardInterrupt
