"""An object that has no name."""


class Reward:
    def __init__(self, params):
        self.params = params
        self.total = 0.0

    def add(self, v):
        self.total += v

    def evaluate(self):
        self.add(self.params["speed"])
        self.add(1.0)
        return self.total


def reward_function(params):
    if params["progress"] > 50:
        return 0.5
    return float(Reward(params).evaluate())
