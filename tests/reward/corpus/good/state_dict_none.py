STATE = {"prev_progress": None, "prev_steps": None}


def reward_function(params):
    progress, steps = params["progress"], params["steps"]
    if STATE["prev_steps"] is None or steps < STATE["prev_steps"]:
        STATE["prev_progress"] = progress
    gain = progress - STATE["prev_progress"]
    STATE["prev_progress"] = progress
    STATE["prev_steps"] = steps
    return 0.1 + gain
