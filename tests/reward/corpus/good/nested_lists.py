def reward_function(params):
    x, y = params['x'], params['y']
    w = params['waypoints']
    i, j = params['closest_waypoints']
    quad = [[w[i][0], w[i][1]], [w[j][0], w[j][1]], [x, y]]
    area = 0.0
    for k in range(3):
        x1, y1 = quad[k]
        x2, y2 = quad[(k + 1) % 3]
        area += x1 * y2 - x2 * y1
    return abs(area) / 2
