def reward_function(params):
    n = 1
    for _ in range(100):
        n = n * 2
    return float(n % 1000003) / 1000003 + params['speed']
