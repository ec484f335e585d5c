import numpy as np

def reward_function(params):
    wp = params['waypoints']
    i, j = params['closest_waypoints']
    a = np.array(wp[i])
    b = np.array(wp[j])
    car = np.array([params['x'], params['y']])
    along = b - a
    direction = np.degrees(np.arctan2(along[1], along[0]))
    diff = np.abs(direction - params['heading'])
    if diff > 180:
        diff = 360 - diff
    gap = np.linalg.norm(car - a)
    return float(np.exp(-gap) + np.clip(1 - diff / 90, 0, 1) + np.sqrt(params['speed']))
