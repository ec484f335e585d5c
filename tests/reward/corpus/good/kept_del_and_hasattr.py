class S:
    pass


s = S()


def reward_function(params):
    if hasattr(s, "v"):
        d = params["speed"] - s.v
    else:
        d = 0.0
    s.v = params["speed"]
    return d
