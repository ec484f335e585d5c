def reward_function(params):
    return 10 ** 400
