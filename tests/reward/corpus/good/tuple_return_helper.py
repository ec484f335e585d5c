def bounds(w):
    return -w / 2, w / 2
def reward_function(params):
    lo, hi = bounds(params['track_width'])
    side = params['distance_from_center'] * (1 if params['is_left_of_center'] else -1)
    if lo < side < hi:
        return 1.0
    return 0.0
