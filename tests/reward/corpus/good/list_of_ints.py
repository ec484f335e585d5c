"""A list that begins with whole numbers and gets others: a kernel's list would cut them off."""


def reward_function(params):
    parts = [0, 0, 0]
    if params["steps"] > 1e6:
        return parts[1]
    parts[0] = params["speed"]
    parts[1] += params["distance_from_center"]
    return sum(parts)
