def reward_function(params):
    a = round(params['speed'], 2)
    b = round(params['heading'])
    c = int(params['progress'])
    d = params['progress'] // 7
    e = params['heading'] % 45
    f = round(params['track_width'] * 1.115, 1)
    return float(a + b * 0.001 + c + d + e / 10 + f + round(2.5) + round(-3.5) + -7 // 2 + -7 % 3)
