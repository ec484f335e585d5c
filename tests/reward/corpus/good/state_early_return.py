last = 0.0


def reward_function(params):
    global last
    if not params["all_wheels_on_track"]:
        return 1e-3
    before = last
    last = params["speed"]
    if params["is_offtrack"]:
        last = 0.0
        return 1e-3
    return 1.0 + last - before
