import math
def reward_function(params):
    d = list(map(lambda p: math.hypot(p[0] - params['x'], p[1] - params['y']), params['waypoints']))
    return min(d) + max(d)
