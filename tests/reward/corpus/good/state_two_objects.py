class Filter:
    def __init__(self, gain):
        self.gain = gain
        self.value = 0.0

    def step(self, x):
        self.value += self.gain * (x - self.value)
        return self.value


fast = Filter(0.9)
slow = Filter(0.1)


def reward_function(params):
    return abs(fast.step(params["speed"]) - slow.step(params["speed"])) + 0.1
