def reward_function(params):
    global later
    try:
        before = later
    except NameError:
        before = 0.0
    later = params["speed"]
    return later - before + 4
