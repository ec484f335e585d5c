class Memory:
    def __init__(self):
        self.steering = None


class Weights:
    STEER = 0.5
    SPEED = 1.5


memory = Memory()


def reward_function(params):
    change = 0.0
    if memory.steering is not None:
        change = abs(params["steering_angle"] - memory.steering)
    memory.steering = params["steering_angle"]
    return Weights.SPEED * params["speed"] - Weights.STEER * change / 30.0
