def reward_function(params):
    x, y = params['objects_location'][params['closest_objects'][0]]
    return x + y
