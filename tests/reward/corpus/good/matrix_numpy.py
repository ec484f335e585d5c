import numpy as np


def reward_function(params):
    a = np.radians(params["heading"])
    turn = np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]])
    points = np.array(params["waypoints"])
    here = np.array([params["x"], params["y"]])
    distances = np.linalg.norm(points - here, axis=1)
    nearest = int(np.argmin(distances))
    local = turn.dot(points[nearest] - here)
    other = turn @ np.subtract(params["waypoints"][0], here)
    return float(local[0] + other[1] / 10 + distances[nearest] + np.dot(here, [0.1, 0.2]))
