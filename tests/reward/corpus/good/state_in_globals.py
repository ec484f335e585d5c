def reward_function(params):
    global before
    if "before" not in globals():
        before = params["heading"]
    change = abs(params["heading"] - before)
    before = params["heading"]
    return 1.0 if change < 10 else 0.5
