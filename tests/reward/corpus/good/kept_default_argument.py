def remember(x, seen=[]):
    seen.append(x)
    return len(seen)


def reward_function(params):
    return remember(params["speed"]) % 7
