def reward_function(params):
    params['speed'] = min(params['speed'], 2.0)
    params['waypoints'].append((0.0, 0.0))
    params['closest_waypoints'][0] = 0
    return params['speed'] + len(params['waypoints'])
