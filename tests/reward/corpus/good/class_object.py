class Reward:
    def __init__(self, verbose=False):
        self.first = None
        self.verbose = verbose
    def reward_function(self, params):
        if params['steps'] <= 2 or self.first is None:
            self.first = params['progress']
        if self.verbose:
            print("progress", params['progress'])
        return float(params['progress'] - self.first + 1)
reward_object = Reward(verbose=False)
def reward_function(params):
    return reward_object.reward_function(params)
