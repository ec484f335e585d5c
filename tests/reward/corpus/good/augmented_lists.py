def reward_function(params):
    scores = []
    scores.append(params['speed'] / 4)
    scores.append(1 - params['distance_from_center'])
    scores += [0.5]
    weights = [1, 2, 3]
    total = 0
    for s, w in zip(scores, weights):
        total += s * w
    return total / sum(weights)
