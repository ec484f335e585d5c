LEFT = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 40, 41, 42]
RIGHT = list(range(60, 80))
FAST = {20, 21, 22, 23, 24, 25}

def reward_function(params):
    nxt = params['closest_waypoints'][1]
    reward = 0.1
    if nxt in LEFT and params['is_left_of_center']:
        reward += 1
    elif nxt in RIGHT and not params['is_left_of_center']:
        reward += 1.0
    elif nxt in (90, 91, 92):
        reward += 0.5
    if nxt in [20, 21, 22, 23, 24, 25] and params['speed'] > 2:
        reward *= 2
    return reward
