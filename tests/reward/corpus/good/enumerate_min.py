def reward_function(params):
    best, index = 1e9, -1
    for i, (wx, wy) in enumerate(params['waypoints']):
        d = ((wx - params['x']) ** 2 + (wy - params['y']) ** 2) ** 0.5
        if d < best:
            best = d
            index = i
    return 1 / (1 + best) + (index % 2)
