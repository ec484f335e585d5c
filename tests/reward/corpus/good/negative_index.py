def reward_function(params):
    w = params['waypoints']
    i = params['closest_waypoints'][0]
    a = w[i - 3]
    b = w[-1]
    return abs(a[0] - b[0]) + abs(w[i][-1] - b[-1])
