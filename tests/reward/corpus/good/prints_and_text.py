import json
import logging
def reward_function(params):
    """Prints a lot."""
    s = params['speed']
    print("speed: %0.2f" % s)
    print("all of it", s, sep=";")
    message = "steer {:.2f}".format(params['steering_angle'])
    print(message)
    note = f"speed {s:.3f}"
    logging.info(note)
    if s > 2:
        print('fast')
    else:
        pass
    return s
