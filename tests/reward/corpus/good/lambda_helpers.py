square = lambda v: v * v
def reward_function(params):
    half = lambda v: v / 2
    clamp = lambda v, lo, hi: max(lo, min(hi, v))
    return square(params['speed']) + half(clamp(params['heading'], -90, 90))
