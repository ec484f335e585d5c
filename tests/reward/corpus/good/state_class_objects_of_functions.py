class Tracker:
    def __init__(self):
        self.last_steps = 0.0
        self.last_progress = 0.0

    def delta(self, params):
        if params["steps"] < self.last_steps:
            self.last_progress = 0.0
        d = params["progress"] - self.last_progress
        self.last_progress = params["progress"]
        self.last_steps = params["steps"]
        return d


class Judge:
    def __init__(self, scale):
        self.scale = scale
        self.calls = 0

    def pay(self, delta):
        self.calls += 1
        return self.scale * delta + 0.001 * (self.calls % 7)


tracker = Tracker()
judge = Judge(2.0)


def reward_function(params):
    return judge.pay(tracker.delta(params))
