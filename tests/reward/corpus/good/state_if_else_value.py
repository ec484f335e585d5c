streak = 0


def reward_function(params):
    global streak
    streak = streak + 1 if params["distance_from_center"] < 0.2 else 0
    return 0.1 * min(streak, 20) + 0.01
