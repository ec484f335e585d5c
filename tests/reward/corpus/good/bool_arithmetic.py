def reward_function(params):
    on = params['all_wheels_on_track']
    return on * params['speed'] + (not on) * 0.001 + (params['is_left_of_center'] and 0.5 or 0.25)
