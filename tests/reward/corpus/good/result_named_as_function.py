"""The result takes the name of the function; the index of the first point is never set again."""


class Reward:
    def __init__(self, verbose=False):
        self.first_index = 0
        self.last_index = None
        self.verbose = verbose

    def reward_function(self, params):
        def lap_time(first, now, steps, times):
            travelled = [times[i % len(times)] for i in range(first, now)]
            try:
                lap_time = (steps - 1) / 15 / sum(travelled) * sum(times)
            except:  # noqa: E722
                lap_time = 9999
            return lap_time

        steps = params["steps"]
        nearest = params["closest_waypoints"][0]
        if self.verbose == True:  # noqa: E712
            self.last_index = 0
        if steps == 1:
            self.first_index = nearest
        self.last_index = nearest
        lap_time = lap_time(self.first_index, nearest, steps, [0.1, 0.2, 0.15])
        try:
            predicted = lap_time * 15 + 1
            reward = max(1e-3, 600 - predicted)
            reward = min(1.0, reward / predicted)
        except:  # noqa: E722
            reward = 0
        return float(reward)


reward_object = Reward()


def reward_function(params):
    return reward_object.reward_function(params)
