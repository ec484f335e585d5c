def with_speed(f):
    def both(*args):
        return f(*args) + args[0]['speed']

    return both


@with_speed
def side(p):
    return p['distance_from_center']


def reward_function(params):
    return side(params)
