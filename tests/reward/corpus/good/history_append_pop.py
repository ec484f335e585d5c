history = []


def reward_function(params):
    history.append(params["steering_angle"])
    if len(history) > 5:
        history.pop(0)
    return 1.0 - abs(sum(history) / len(history)) / 30.0
