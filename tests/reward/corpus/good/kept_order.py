n = 1.0


def double():
    global n
    n = n * 2.0
    return n


def reward_function(params):
    global n
    n = params["speed"]
    a = n + double()
    b = double() - n
    n += double()
    return a + b + n
