on = [True, True, True]


def reward_function(params):
    on.append(params["all_wheels_on_track"])
    on.pop(0)
    if all(on):
        return 1.0
    if len(on) > 3:
        return 0.5
    return 0.1
