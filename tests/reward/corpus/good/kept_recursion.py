depth = 0


def down(n):
    global depth
    depth += 1
    return 0 if n <= 0 else 1 + down(n - 1)


def reward_function(params):
    return down(3) + depth % 5
