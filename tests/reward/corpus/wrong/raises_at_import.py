A = 1
B = A / 0
def reward_function(params):
    return B
