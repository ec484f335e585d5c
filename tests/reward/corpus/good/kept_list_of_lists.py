path = []


def reward_function(params):
    path.append([params["x"], params["y"]])
    if len(path) > 3:
        path.pop(0)
    path[-1][0] += 1.0
    return path[0][0] - path[-1][1]
