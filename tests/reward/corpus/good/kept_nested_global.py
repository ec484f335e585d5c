last = 0.0


def reward_function(params):
    def keep(x):
        global last
        last = x

    before = last
    keep(params["speed"])
    return last - before
