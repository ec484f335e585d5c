def reward_function(params):
    return params['waypoints'][len(params['waypoints']) + 3][0]
