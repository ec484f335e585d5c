"""An object made anew at every call; its methods set what later ones read."""

import math


class Lap:
    BAND = 0.25
    best = None

    def __init__(self, params, gain=2.0):
        self.params = params
        self.speed = params["speed"]
        self.gain = gain
        self.points = params["waypoints"]
        self.behind, self.ahead = params["closest_waypoints"]
        self.aim()

    def aim(self):
        a, b = self.points[self.behind], self.points[self.ahead]
        self.direction = math.degrees(math.atan2(b[1] - a[1], b[0] - a[0]))
        if self.params["is_left_of_center"]:
            self.side = 1

    side = -1

    @staticmethod
    def fold(angle):
        return (angle + 180.0) % 360.0 - 180.0

    def error(self):
        return abs(self.fold(self.direction - self.params["heading"]))

    def pay(self, part, scale=1.0):
        self.total = self.total + part * scale
        return self.total

    def score(self):
        self.total = 0.0
        if self.error() > 60:
            return 1e-3
        self.pay(1.0 - self.error() / 60)
        after = self.pay(self.speed, scale=self.gain)
        for k in range(3):
            self.pay(k * 0.01)
        if self.params["distance_from_center"] > self.BAND:
            self.total *= 0.5
        return self.total + after / 100 + self.side * 0.01


def reward_function(params):
    lap = Lap(params)
    return float(lap.score())
