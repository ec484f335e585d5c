a = 1.0
b = 2.0


def reward_function(params):
    global a, b
    a, b = b, a + params["speed"] * 0.001
    return a - b
