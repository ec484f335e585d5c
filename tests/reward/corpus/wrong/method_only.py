class Reward:
    def reward_function(self, params):
        return 1.0
