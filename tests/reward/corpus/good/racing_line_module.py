import math
RACING_LINE = (
    (4.8, 0.0), (4.6, 0.9), (3.9, 1.8), (2.6, 2.5), (1.1, 2.85), (-0.5, 2.9), (-2.4, 2.6),
    (-4.0, 1.75), (-4.85, 0.3), (-4.5, -1.2), (-2.9, -2.4), (0.2, -2.9), (2.9, -2.4), (4.5, -1.1),
)
def nearest(x, y):
    best = float('inf')
    at = 0
    for i in range(len(RACING_LINE)):
        d = math.dist((x, y), RACING_LINE[i])
        if d < best:
            best, at = d, i
    return best, at
def reward_function(params):
    d, i = nearest(params['x'], params['y'])
    return 1.0 - min(1.0, d) + i * 0.001
