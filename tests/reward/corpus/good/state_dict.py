last = {"speed": 0.0, "steering": 0.0, "steps": 0}


def reward_function(params):
    reward = 1.0
    if params["steps"] > last["steps"]:
        reward -= abs(params["speed"] - last["speed"]) / 8.0
        reward -= abs(params["steering_angle"] - last["steering"]) / 120.0
    last["speed"] = params["speed"]
    last["steering"] = params["steering_angle"]
    last["steps"] = params["steps"]
    return reward
