"""Lesson 9: overtake what drives on the road.

Bots and other cars move, so `objects_speed` counts too (m/s, in the order of the other lists of
lesson 8): what matters is how fast the car comes nearer, not how fast it is. Metres made are paid
as in lesson 7.

- Every metre gained on the next one is paid once more, so that waiting behind a slow car is the
  worse deal. What cannot go wrong is a bonus for being near: it would pay for following for ever.
  A metre gained can be gained only once.
- Close to somebody, too little room beside them costs up to all of it: the place to overtake is the
  other lane. Both of `closest_objects` are asked: who is alongside is already the one behind.

    racer train --reward overtake --preset among --race head_to_bot --bot-speed 0.5..1.5
"""

USUAL = 0.27  # m in a step at top speed: the reward is about 1
STEP = 1.0 / 15.0  # s
FAULT = -20.0
SEEN = 3.0  # m ahead: where gaining on somebody begins to be paid
NEAR = 1.2  # m ahead: where their lane is the wrong one
ALONGSIDE = 0.6  # m behind the nose: as long as two cars may touch
ROOM = 0.35  # m beside each other, from middle to middle, when one car passes another

last_progress = 0.0
last_steps = 0.0


def to_the_left(distance, is_left):
    """A distance from the centre line, negative on the right of it, m."""
    return distance if is_left else -distance


def ahead(params, k):
    """How far before the nose object `k` is, m; negative alongside."""
    gap = params["objects_distance"][k] - params["projection_distance"] + ALONGSIDE
    return gap % params["track_length"] - ALONGSIDE


def beside(params, k):
    """How far beside the middle of object `k` the car is, m."""
    side = params["objects_left_of_center"][k]
    its = to_the_left(params["objects_distance_from_center"][k], side)
    mine = to_the_left(params["distance_from_center"], params["is_left_of_center"])
    return abs(mine - its)


def reward_function(params):
    global last_progress, last_steps
    progress, steps = params["progress"], params["steps"]
    made = progress - last_progress if steps > last_steps else 0.0
    last_progress, last_steps = progress, steps
    if params["is_crashed"] or params["is_offtrack"]:
        return FAULT
    made = max(0.0, min(made, 10.0)) / 100.0 * params["track_length"]  # a new lap begins at 0 %
    if params["objects_speed"]:
        behind, following = params["closest_objects"]
        room = 1.0
        for k in (behind, following):
            if ahead(params, k) < NEAR:
                room = min(room, beside(params, k) / ROOM)
        if ahead(params, following) < SEEN:
            made += max(0.0, made - params["objects_speed"][following] * STEP)
        made *= room
    if not params["all_wheels_on_track"]:
        made *= 0.5
    return made / USUAL
