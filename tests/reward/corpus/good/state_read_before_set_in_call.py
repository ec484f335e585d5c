total = 0.0


def add(x):
    global total
    total += x
    return total


def reward_function(params):
    global total
    if params["steps"] <= 2:
        total = 0.0
    return total + add(params["speed"]) / 100
