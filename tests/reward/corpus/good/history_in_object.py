class Reward:
    def __init__(self):
        self.speeds = []
        self.prev = 0.0

    def mean(self):
        return sum(self.speeds) / len(self.speeds)

    def reward(self, params):
        self.speeds.append(params["speed"])
        if len(self.speeds) > 5:
            self.speeds = self.speeds[1:]
        smooth = abs(self.mean() - self.prev)
        self.prev = self.mean()
        return 1.0 - smooth / 4.0


r = Reward()


def reward_function(params):
    return r.reward(params)
