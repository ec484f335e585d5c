import sys
def reward_function(params):
    sys.exit(0)
