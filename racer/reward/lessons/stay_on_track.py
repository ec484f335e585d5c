"""Lesson 2: stay on the track.

Leaving the road ends the episode, so the reward that counts is the one the car keeps collecting.
Room between the wheels and the border is safe; the last few centimetres are worth less and less.
It still pays a slow car as much as a fast one per step: the crawler wins. See lesson 4.
"""

MARGIN = 0.05  # m, from the car's nose to the border, where the reward reaches its least


def reward_function(params):
    if not params["all_wheels_on_track"]:
        return 1e-3
    room = 0.5 * params["track_width"] - params["distance_from_center"]
    return float(max(1e-3, min(1.0, (room - MARGIN) / 0.2)))
