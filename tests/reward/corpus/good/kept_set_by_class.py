class R:
    n = 0.0

    def step(self, x):
        R.n = R.n + x
        self.m = self.n
        return self.m


r = R()


def reward_function(params):
    return r.step(params["speed"]) * 0.01
