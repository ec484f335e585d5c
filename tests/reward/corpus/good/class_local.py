class Track:
    def reward(self, params):
        return 2 * params['speed']
def reward_function(params):
    t = Track()
    return t.reward(params)
