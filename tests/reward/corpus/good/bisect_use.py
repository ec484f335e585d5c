import bisect
KN = [0.0, 1.0, 2.0, 3.0]
def reward_function(params):
    return float(bisect.bisect_left(KN, params['speed']))
