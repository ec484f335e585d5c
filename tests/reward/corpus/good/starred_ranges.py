LEFT = [*range(10, 20), *range(60, 70, 2), 90]
FAST = list(range(30)) + list(range(100, 120))


def reward_function(params):
    right = [*range(40, 50), *range(80, 88)]
    at = params["closest_waypoints"][1]
    reward = 1.0
    if at in LEFT and params["is_left_of_center"]:
        reward += 1.0
    elif at in right and not params["is_left_of_center"]:
        reward += 0.5
    if at in FAST:
        reward *= params["speed"]
    return reward
