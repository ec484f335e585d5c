"""Two classes without state between calls, the names of the keys as constants of a third."""


class Key:
    SPEED = "speed"
    WIDTH = "track_width"
    WHERE = "closest_waypoints"


class Road:
    def __init__(self, params):
        self.width = float(params[Key.WIDTH])
        self.middle = params["distance_from_center"]
        self.next = max(params[Key.WHERE])

    def share(self):
        return self.middle / (0.5 * self.width)


class Judge:
    def __init__(self, speed, road_share):
        self.speed = speed
        self.share = road_share
        self.fast = False

    def look(self):
        self.fast = self.speed > 1.5
        return self.fast

    def value(self):
        bonus = 0.5 if self.fast else 0.0
        return bonus + max(0.0, 1.0 - self.share)


def reward_function(params):
    road = Road(params)
    judge = Judge(params[Key.SPEED], road.share())
    judge.look()
    reward = judge.value() + road.next / 1000
    return reward
