import math as m
from math import exp as e

def sigmoid(x, a=1.0, b=0.0):
    return 1 / (1 + e(-a * (x - b)))

def reward_function(params):
    return sigmoid(params['speed'], b=2.0) * sigmoid(m.cos(m.radians(params['heading'])), 2)
