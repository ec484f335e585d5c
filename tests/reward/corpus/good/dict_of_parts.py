def reward_function(params):
    parts = {'speed': params['speed'] / 4, 'centre': 1 - params['distance_from_center']}
    parts['bonus'] = 0.5 if params['progress'] == 100 else 0.0
    weights = {'speed': 1.0, 'centre': 2.0, 'bonus': 1.0}
    return sum(parts[k] * weights[k] for k in parts)
