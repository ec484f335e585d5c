pair = ([], [])


def reward_function(params):
    pair[0].append(params["speed"])
    return len(pair[0]) % 5
