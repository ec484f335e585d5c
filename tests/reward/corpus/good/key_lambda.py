def reward_function(params):
    wps = params['waypoints']
    x, y = params['x'], params['y']
    i = min(range(len(wps)), key=lambda k: (wps[k][0] - x) ** 2 + (wps[k][1] - y) ** 2)
    nearest = min(wps, key=lambda p: (p[0] - x) ** 2 + (p[1] - y) ** 2)
    return abs(nearest[0] - wps[i][0]) + i / len(wps)
