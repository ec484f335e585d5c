def reward_function(params):
    return eval("params['speed'] * 2.0") + float("{:.1f}".format(params["x"]))
