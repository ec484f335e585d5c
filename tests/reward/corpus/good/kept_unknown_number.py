last = 0


def pick(a, b, c):
    return a if c else b


def reward_function(params):
    global last
    last = pick(1, 2.5, params["is_left_of_center"])
    return last * 2
