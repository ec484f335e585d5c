reward_function = 3
