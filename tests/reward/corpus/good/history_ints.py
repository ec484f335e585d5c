seen = []


def reward_function(params):
    at = params["closest_waypoints"][0]
    new = at not in seen
    seen.append(at)
    if len(seen) > 8:
        seen.pop(0)
    return 1.0 if new else 0.2
