class Reward:
    def __init__(self, verbose=False):
        self.first_racingpoint_index = None
        self.prev_progress = 0
        self.verbose = verbose

    def reward_function(self, params):
        if self.verbose:
            print("progress", params["progress"])
        if params["steps"] <= 2 or self.first_racingpoint_index is None:
            self.first_racingpoint_index = params["closest_waypoints"][0]
            self.prev_progress = 0
        gone = params["closest_waypoints"][1] - self.first_racingpoint_index
        step = params["progress"] - self.prev_progress
        self.prev_progress = params["progress"]
        return float(max(1e-3, step * 10 + gone * 0.001))


reward_object = Reward()


def reward_function(params):
    return reward_object.reward_function(params)
