class Reward:
    last = 0.0

    def pay(self, params):
        change = params["steering_angle"] - self.last
        self.last = params["steering_angle"]
        return 1.0 - min(abs(change) / 60.0, 0.9)


reward = Reward()
reward_function = reward.pay
