box = [0.0]


def reward_function(params):
    first, *rest = box
    box[0] = params["speed"]
    return first + len(rest)
