class R:
    seen = []

    def add(self, x):
        self.seen.append(x)
        if len(self.seen) > 4:
            self.seen.pop(0)
        return sum(self.seen)


a = R()
b = R()


def reward_function(params):
    return a.add(params["speed"]) + b.add(1.0)
