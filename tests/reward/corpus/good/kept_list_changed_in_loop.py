h = [3.0, 2.0, 1.0]


def reward_function(params):
    total = 0.0
    for v in h:
        total += v
        if len(h) > 2:
            h.pop()
            h.insert(0, params["speed"])
    return total
