h = []


def reward_function(params):
    g = h
    g.append(params["speed"])
    if len(h) > 3:
        h.pop(0)
    return sum(h)
