import numpy as np
def reward_function(params):
    w = np.array(params['waypoints'])
    d = np.sqrt((w[:, 0] - params['x']) ** 2 + (w[:, 1] - params['y']) ** 2)
    k = np.argmin(d)
    return float(1.0 / (1.0 + d[k]) + np.mean(d) * 0.01)
