import math

AHEAD = 5

def angle(a, b):
    return math.atan2(b[1] - a[1], b[0] - a[0])

def reward_function(params):
    wp = params["waypoints"][:-1]
    i = params["closest_waypoints"][1] % len(wp)
    ring = wp[i:] + wp[:i]
    a, b = ring[0], ring[AHEAD]
    turn = angle((params["x"], params["y"]), b) - angle(ring[-1], a)
    turn = (turn + math.pi) % (2 * math.pi) - math.pi
    return max(1e-3, 1 - abs(turn) / math.pi) * params["speed"]
