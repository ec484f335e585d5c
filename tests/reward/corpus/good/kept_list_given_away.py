h = []


def add(values, x):
    values.append(x)
    if len(values) > 3:
        values.pop(0)


def reward_function(params):
    add(h, params["speed"])
    return sum(h)
