class Config:
    SPEED = 2.0
def reward_function(params):
    return params['speed'] / Config.SPEED
