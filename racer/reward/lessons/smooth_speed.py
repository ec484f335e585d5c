"""Lesson 5: fast where the road is straight, smooth everywhere.

Speed is only worth something when the wheels are nearly straight: at full lock it slides the car
off the road. So the reward multiplies "how fast" by "how straight", and by "how central", each
between 0 and 1. A product wants all three; a sum would let one buy off another.
"""

TOP_SPEED = 4.0  # m/s
FULL_LOCK = 30.0  # deg


def between(value, low, high):
    """`value` limited to low..high."""
    return max(low, min(high, value))


def reward_function(params):
    if not params["all_wheels_on_track"]:
        return 1e-3
    fast = between(params["speed"] / TOP_SPEED, 0.0, 1.0)
    straight = 1.0 - 0.8 * between(abs(params["steering_angle"]) / FULL_LOCK, 0.0, 1.0)
    central = 1.0 - (params["distance_from_center"] / (0.5 * params["track_width"])) ** 2
    return 1e-3 + fast * straight * max(0.1, central)
