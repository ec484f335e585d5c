"""What is read before a call that changes it keeps its old value."""


class Sum:
    def __init__(self, params):
        self.total = params["speed"]
        self.calls = 0

    def double(self):
        self.total = self.total * 2.0
        self.calls += 1
        return self.total

    def value(self):
        self.total += self.double()
        return self.total + self.calls


def reward_function(params):
    return Sum(params).value()
