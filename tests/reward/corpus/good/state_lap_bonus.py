class Lap:
    best_steps = 1000.0
    laps = 0


def reward_function(params):
    reward = params["progress"] / params["steps"]
    if params["progress"] == 100:
        Lap.laps += 1
        if params["steps"] < Lap.best_steps:
            Lap.best_steps = params["steps"]
            reward += 10.0
    return reward + Lap.laps
