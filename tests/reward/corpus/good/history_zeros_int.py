angles = [0] * 3


def reward_function(params):
    angles.pop(0)
    angles.append(params["steering_angle"])
    swings = 0
    for i in range(1, len(angles)):
        if abs(angles[i] - angles[i - 1]) > 10:
            swings += 1
    return 1.0 - 0.3 * swings
