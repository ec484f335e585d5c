FAST = set(range(10, 30)) | {50, 51}
def reward_function(params):
    return 2.0 if params['closest_waypoints'][1] in FAST else 1.0
