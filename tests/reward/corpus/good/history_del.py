past = []


def reward_function(params):
    past.append(params["progress"])
    while len(past) > 6:
        del past[0]
    if len(past) < 2:
        return 0.1
    return past[-1] - past[0] + 0.1
