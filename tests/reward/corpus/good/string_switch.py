def reward_function(params):
    if params['steering_angle'] > 5:
        turn = 'left'
    elif params['steering_angle'] < -5:
        turn = 'right'
    else:
        turn = 'straight'
    if turn == 'left':
        return 1.0
    elif turn == 'right':
        return 0.5
    return 2.0
