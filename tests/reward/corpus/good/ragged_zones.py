ZONES = [[1, 2, 3], [10, 11, 12, 13], [40]]
def reward_function(params):
    n = params['closest_waypoints'][1]
    r = 0.1
    for zone in ZONES:
        if n in zone:
            r += 1
    return r
