class Cfg:
    TOP = 4.0
    ZONES = [1, 2, 3, 4]
    @staticmethod
    def clamp(v):
        return max(0.0, min(1.0, v))
def reward_function(params):
    return Cfg.clamp(params['speed'] / Cfg.TOP) + (params['closest_waypoints'][0] in Cfg.ZONES)
