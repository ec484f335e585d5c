import numpy as np
LINE = np.array([[0.0, 1.0], [1.0, 2.0], [2.0, 2.5]])
def reward_function(params):
    d = np.hypot(LINE[:, 0] - params['x'], LINE[:, 1] - params['y'])
    i = int(np.argmin(d))
    return float(d[i]) + np.sum(LINE[i])
