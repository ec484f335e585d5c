from collections import deque

steering = deque(maxlen=4)


def reward_function(params):
    steering.append(params["steering_angle"])
    mean = sum(steering) / len(steering)
    return 1.0 - abs(params["steering_angle"] - mean) / 60.0
