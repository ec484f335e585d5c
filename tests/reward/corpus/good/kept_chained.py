a = b = 0.0


def reward_function(params):
    global a, b
    before = a
    a = b = params["speed"]
    return a - before + b
