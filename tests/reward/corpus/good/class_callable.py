class Reward:
    def __init__(self, scale):
        self.scale = scale
        self.before = None
    def __call__(self, params):
        change = 0.0 if self.before is None else params['speed'] - self.before
        self.before = None if params['progress'] == 100 or params['is_offtrack'] else params['speed']
        return self.scale - abs(change)
reward_function = Reward(2.0)
