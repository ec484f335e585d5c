prev_heading = 0.0


def turned(params):
    global prev_heading
    change = abs(params["heading"] - prev_heading)
    prev_heading = params["heading"]
    if change > 180:
        change = 360 - change
    return change


def reward_function(params):
    return 1.0 / (1.0 + turned(params))
