import math

HUGE = math.factorial(10**7)


def reward_function(params):
    return HUGE % 7
