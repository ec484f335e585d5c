last = 1.0


def helper(last):
    last = last + 1.0
    return last


def reward_function(params):
    global last
    reward = helper(params["speed"])
    last = last + 0.5
    return reward + [last for last in [1.0, 2.0]][1] + (lambda last: last)(3.0) + last * 0.001
