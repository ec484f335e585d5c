"""State that no call can change: the first call of an episode has steps == 2."""


class Reward:
    def __init__(self, verbose=False):
        self.first = 0
        self.verbose = verbose

    def total(self, params):
        steps = params["steps"]
        if self.verbose == True:  # noqa: E712
            self.first = 0
        if steps == 1:
            self.first = params["closest_waypoints"][0]
        passed = (params["closest_waypoints"][1] - self.first) % len(params["waypoints"])
        if self.verbose:
            print("passed %i" % passed)
        return passed / steps + params["speed"]


reward_object = Reward(verbose=True)


def reward_function(params):
    return reward_object.total(params)
