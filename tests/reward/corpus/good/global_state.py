prev_speed = 0
def reward_function(params):
    global prev_speed
    reward = 1.0 if params['speed'] >= prev_speed else 0.5
    prev_speed = params['speed']
    return reward
