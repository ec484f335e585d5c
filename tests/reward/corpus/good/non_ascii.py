# Récompense: plus près du centre, c'est mieux — 中心
def reward_function(params):
    größe = params['track_width']
    return 1.0 - params['distance_from_center'] / größe
