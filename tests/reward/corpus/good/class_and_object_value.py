"""A class and its object have each a value of one name."""


class Weights:
    speed = 2.0

    def __init__(self):
        self.speed = 3.0

    def reward(self, params):
        return (self.speed + Weights.speed * 10) * params["speed"]


weights = Weights()


def reward_function(params):
    return weights.reward(params)
