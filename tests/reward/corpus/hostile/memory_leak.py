import os
kept = []
def reward_function(params):
    while True:
        kept.append(bytearray(10 ** 7))
