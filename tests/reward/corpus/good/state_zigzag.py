prev_steer = 0.0
flips = 0


def reward_function(params):
    global prev_steer, flips
    if params["steps"] <= 2:
        flips = 0
        prev_steer = 0.0
    if prev_steer * params["steering_angle"] < 0:
        flips += 1
    prev_steer = params["steering_angle"]
    return 1.0 / (1 + flips)
