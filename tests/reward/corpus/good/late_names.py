"""Names that are set in a branch and read behind `and`."""


def reward_function(params):
    turning = abs(params["steering_angle"]) > 10
    if turning:
        inside = params["is_left_of_center"] == (params["steering_angle"] > 0)
        depth = params["distance_from_center"]
    reward = params["speed"]
    if turning and inside and depth > 0.1:
        reward += 1.0
    return reward + (depth if turning else 0.5)
