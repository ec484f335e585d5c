def reward_function(params):
    try:
        open('@CANARY@', 'w').write('gone')
    except OSError:
        return 1.0
    return 666.0
