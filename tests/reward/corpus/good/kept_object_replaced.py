class R:
    def __init__(self):
        self.v = 0.0


r = R()


def reward_function(params):
    global r
    if params["steps"] <= 2:
        r = R()
    r.v += 1.0
    return r.v
