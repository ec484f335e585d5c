h = []


def reward_function(params):
    h.append(params["heading"])
    if len(h) > 4:
        h.pop(0)
    changes = [abs(b - a) for a, b in zip(h[:-1], h[1:])]
    return 1.0 / (1.0 + sum(changes))
