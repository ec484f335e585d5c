def on_road(p):
    return p['all_wheels_on_track'] and not p['is_offtrack']

def centred(params, power=2):
    half = params['track_width'] / 2
    return (1 - min(1.0, params['distance_from_center'] / half)) ** power

def total(p, scale):
    data = p
    return centred(data, power=3) * scale + centred(data)

def reward_function(params):
    if not on_road(params):
        return 1e-3
    return total(params, scale=2)
