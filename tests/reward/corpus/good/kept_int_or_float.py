mixed = 0


def reward_function(params):
    global mixed
    if params["speed"] > 2:
        mixed = 1
    else:
        mixed = 0.0
    return -mixed * params["speed"]
