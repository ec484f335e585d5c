from math import *
def reward_function(params):
    return exp(-params['distance_from_center']) + cos(radians(params['heading'])) + floor(params['speed'])
