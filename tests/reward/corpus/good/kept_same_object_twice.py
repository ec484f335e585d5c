class R:
    def __init__(self):
        self.n = 0.0


a = R()
b = a


def reward_function(params):
    a.n += params["speed"]
    b.n -= 1.0
    return a.n * 0.01
