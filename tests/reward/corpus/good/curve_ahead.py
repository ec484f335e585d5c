def reward_function(params):
    import math
    wp = params['waypoints']
    n = len(wp)
    nxt = int(params['closest_waypoints'][1])
    total = 0
    for i in range(1, 6):
        a = wp[(nxt + i) % n]
        b = wp[(nxt + i + 1) % n]
        total += abs(math.degrees(math.atan2(b[1] - a[1], b[0] - a[0])))
    avg = total / 5
    if 0.0 < params['distance_from_center'] <= 0.2:
        r = 1.0
    else:
        r = 0.5
    is_curve = avg > 20
    if is_curve and params['speed'] < 2.5: r *= 1.2
    elif not is_curve and params['speed'] > 2.5: r *= 1.5
    return float(max(r, 1e-3))
