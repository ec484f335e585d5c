window = [0.0, 0.0, 0.0, 0.0]
at = 0


def reward_function(params):
    global at
    window[at] = params["speed"]
    at = (at + 1) % 4
    return sum(window) / 4
