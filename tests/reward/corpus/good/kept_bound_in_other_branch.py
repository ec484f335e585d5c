h = []


def reward_function(params):
    h.append(params["speed"])
    if params["speed"] > 100 and len(h) > 5:
        h.pop(0)
    return sum(h) / len(h)
