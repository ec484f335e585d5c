"""Lesson 9: overtake what drives on the road.

Bots and other cars move, so `objects_speed` counts too (m/s, in the order of the other lists of
lesson 8): what matters is how fast the car comes nearer, not how fast it is. Metres made are paid
as in lesson 7. Behind somebody

- every metre gained on them is paid once more, so that waiting behind a slow car is the worse deal;
- in their lane and close, all of it is paid by half: the place to overtake is the other lane.

What cannot go wrong is a bonus for being near: it would pay for following for ever. A metre gained
can be gained only once.

    racer train --reward overtake --preset among --race head_to_bot --bot-speed 0.5..1.5
"""

USUAL = 0.27  # m in a step at top speed: the reward is about 1
STEP = 1.0 / 15.0  # s
FAULT = -10.0
SEEN = 3.0  # m ahead: where gaining on somebody begins to be paid
NEAR = 1.2  # m ahead: where their lane is the wrong one
ROOM = 0.3  # m beside each other, from middle to middle, when one car passes another

last_progress = 0.0
last_steps = 0.0


def to_the_left(distance, is_left):
    """A distance from the centre line, negative on the right of it, m."""
    return distance if is_left else -distance


def reward_function(params):
    global last_progress, last_steps
    progress, steps = params["progress"], params["steps"]
    made = progress - last_progress if steps > last_steps else 0.0
    last_progress, last_steps = progress, steps
    if params["is_crashed"] or params["is_offtrack"]:
        return FAULT
    length = params["track_length"]
    made = max(0.0, min(made, 10.0)) / 100.0 * length  # a new lap begins at 0 %
    if not params["objects_speed"]:
        return made / USUAL
    k = params["closest_objects"][1]
    ahead = (params["objects_distance"][k] - params["projection_distance"]) % length
    mine = to_the_left(params["distance_from_center"], params["is_left_of_center"])
    side = params["objects_left_of_center"][k]
    beside = abs(mine - to_the_left(params["objects_distance_from_center"][k], side))
    if ahead < SEEN:
        made += max(0.0, made - params["objects_speed"][k] * STEP)
    if ahead < NEAR and beside < ROOM:
        made *= 0.5 + 0.5 * beside / ROOM
    if not params["all_wheels_on_track"]:
        made *= 0.5
    return made / USUAL
