def reward_function(params):
    return params["speed"] > 1.0 and params["all_wheels_on_track"]
