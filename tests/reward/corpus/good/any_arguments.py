def reward_function(*a, **k):
    return a[0]['x'] + k.get('y', 0)
