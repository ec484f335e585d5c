class S:
    v = 0.0


s = S()


def reward_function(params):
    d = params["speed"] - s.v
    setattr(s, "v", params["speed"])
    return d
