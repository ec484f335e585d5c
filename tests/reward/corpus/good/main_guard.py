def reward_function(params):
    return params['speed'] * 0.5

if __name__ == '__main__':
    print(reward_function({'speed': 1.0}))
