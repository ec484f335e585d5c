def reward_function(params):
    wps = params['waypoints']
    i = params['closest_waypoints'][1]
    total = 0.0
    n = 0
    while total < 1.0 and n < len(wps):
        j = (i + 1) % len(wps)
        total += ((wps[j][0] - wps[i][0]) ** 2 + (wps[j][1] - wps[i][1]) ** 2) ** 0.5
        i = j
        n += 1
    return total / n
