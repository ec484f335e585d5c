import math

def reward_function(params):
    wps = params['waypoints']
    x, y = params['x'], params['y']
    near = [math.hypot(px - x, py - y) for px, py in wps]
    close = [d for d in near if d < 2]
    total = sum(d for d in close)
    flags = any(d < 0.3 for d in near)
    every = all([d > 0 for d in near])
    idx = near.index(min(near))
    ordered = sorted(near)
    nearest_two = ordered[0] + ordered[1]
    pairs = [b[0] - a[0] for a, b in zip(wps, wps[1:])]
    longest = max(abs(p) for p in pairs)
    return total / (1 + len(close)) + flags + every + idx * 0.01 + nearest_two + longest
