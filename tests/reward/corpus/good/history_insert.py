headings = []


def reward_function(params):
    headings.insert(0, params["heading"])
    if len(headings) > 3:
        headings.pop()
    total = 0.0
    for i in range(len(headings) - 1):
        total += abs(headings[i] - headings[i + 1])
    return 1.0 / (1.0 + total)
