import math


class Reward:
    def __init__(self, verbose=False):
        self.first_index = None
        self.verbose = verbose

    def reward_function(self, params):
        def distance(x1, x2, y1, y2):
            return math.hypot(x1 - x2, y1 - y2)

        def two_closest(line, here):
            distances = [distance(p[0], here[0], p[1], here[1]) for p in line]
            closest = distances.index(min(distances))
            others = distances.copy()
            others[closest] = 999
            return [closest, others.index(min(others))]

        def passed(start, end, n):
            start = int(start or 0)
            if end < start:
                end += n
            return [i % n for i in range(start, end)]

        line = [[5.0, 0.0, 3.0], [0.0, 3.0, 2.0], [-5.0, 0.0, 3.0], [0.0, -3.0, 2.0]]
        closest, second = two_closest(line, [params["x"], params["y"]])
        if params["steps"] <= 2 or self.first_index is None:
            self.first_index = closest
        done = passed(self.first_index, closest, len(line))
        reward = 1.0 + len(done) + 0.1 * second
        if self.verbose:
            print("first", self.first_index, "now", closest)
        return float(reward * line[closest][2])


reward_object = Reward(verbose=True)


def reward_function(params):
    return reward_object.reward_function(params)
