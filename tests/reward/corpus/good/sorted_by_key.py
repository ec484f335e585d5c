import math


def reward_function(params):
    here = (params["x"], params["y"])
    near = sorted(params["waypoints"][:-1], key=lambda p: math.dist(p, here))
    order = sorted(range(4), key=lambda i: -near[i][1])
    last = sorted([p[0] for p in near[:9]], reverse=True)
    ties = sorted([3, 1, 2, 5], key=lambda v: v % 2, reverse=True)
    total = 0.0
    for point in reversed(near[:3]):
        total += math.dist(point, here)
    for k in reversed(range(3)):
        total += k * near[k][0]
    return total + order[0] + last[2] + ties[0] + ties[-1] / 10
