count = 0


def reward_function(params):
    global count
    if params["steps"] <= 2:
        count = 0
    count += 1
    bonus = 2.0 if count % 10 == 0 else 0.0
    return bonus + 1.0 / count
