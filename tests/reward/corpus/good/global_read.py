MAX = 4.0
def reward_function(params):
    global MAX
    return params['speed'] / MAX
