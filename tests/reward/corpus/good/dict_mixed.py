W = {"center": 1, "speed": 2.5, "steer": 0}
SPD = {0: 1, 1: 2.5, 2: 3}
def reward_function(params):
    w = {0: 1, 1: -2.5, 2: -1}
    k = params['closest_waypoints'][0] % 3
    names = {"a": 1, "b": 0.5}
    return W["center"] * 0.1 + W["speed"] * params['speed'] + w[k] + SPD[k] + names["a"]
