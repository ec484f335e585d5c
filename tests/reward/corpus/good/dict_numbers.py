SPEEDS = {0: 1.0, 1: 2.0, 2: 3.0, 3: 2.5}
def reward_function(params):
    zone = params['closest_waypoints'][1] % 4
    target = SPEEDS[zone]
    return 1.0 / (1.0 + abs(params['speed'] - target)) + SPEEDS.get(7, 0.5)
