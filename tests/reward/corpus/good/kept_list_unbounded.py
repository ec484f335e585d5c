h = []


def reward_function(params):
    h.append(params["speed"])
    return sum(h) / len(h)
