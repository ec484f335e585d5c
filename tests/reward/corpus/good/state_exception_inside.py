calls = 0
last = 0.0


def reward_function(params):
    global calls, last
    calls += 1
    try:
        ratio = params["speed"] / (params["steering_angle"] - last)
    except ZeroDivisionError:
        ratio = 0.0
    last = params["steering_angle"]
    return min(max(ratio, -100.0), 100.0) + calls * 0.001
