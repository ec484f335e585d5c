import math
def reward_function(params):
    x = params['x']
    limit = 2.0
    def gap(k):
        p = params['waypoints'][k]
        return math.sqrt((p[0] - x) ** 2 + (p[1] - params['y']) ** 2)
    def near(k):
        return min(gap(k), limit)
    a, b = params['closest_waypoints']
    return near(a) + near(b)
