class Smooth:
    def __init__(self, weight=0.9):
        self.weight = weight
        self.average = 0.0

    def __call__(self, params):
        self.average = self.weight * self.average + (1 - self.weight) * params["speed"]
        return self.average


reward_function = Smooth(0.8)
