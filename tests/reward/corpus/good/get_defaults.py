def reward_function(params):
    speed = params.get('speed', 0)
    wheels = params.get("all_wheels_on_track")
    other = params.get('no_such_key', 0.25)
    if 'is_crashed' in params and params['is_crashed']:
        return 0
    return float(speed * other + (1 if wheels else 0))
