last = 0


def reward_function(params):
    global last
    for last in range(int(params["speed"]) + 1):
        pass
    return last
