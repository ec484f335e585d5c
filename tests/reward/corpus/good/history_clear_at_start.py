trail = []


def reward_function(params):
    if params["steps"] <= 2:
        trail.clear()
    trail.append(params["distance_from_center"])
    if len(trail) > 10:
        del trail[0]
    return 1.0 - sum(trail) / len(trail)
