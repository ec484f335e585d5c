"""Lesson 8: drive round what stands on the road.

`objects_distance`, `objects_distance_from_center` and `objects_left_of_center` are lists with one
number for each object, and `closest_objects` holds the places in these lists of the object behind
and of the one ahead. A place along the road and a side of its middle are all that is needed:

- how far ahead the next object is: its distance minus mine, modulo the length of the road, because
  after the last object of a lap comes the first one again;
- how far beside it the car is: both distances from the centre, with a sign for the side.

Metres made are paid as in lesson 7, by half on a course into the next object, and by half with a
wheel beyond the border: round a box that is where a car ends that leaves itself no room. A crash
costs about a second of good driving, beside all that would have come after it. The lists are empty
when nothing is on the road.

    racer train --reward avoid_objects --preset among --race object_avoidance --randomize-obstacles
"""

USUAL = 0.27  # m in a step at top speed: the reward is about 1
FAULT = -10.0
NEAR = 1.5  # m ahead: early enough to change lanes at 2 m/s
ROOM = 0.4  # m from the middle of a box to the middle of a car that passes it

last_progress = 0.0
last_steps = 0.0


def to_the_left(distance, is_left):
    """A distance from the centre line, negative on the right of it, m."""
    return distance if is_left else -distance


def next_object(params):
    """How far ahead the next object is, and how far beside its middle the car is, m."""
    k = params["closest_objects"][1]
    ahead = params["objects_distance"][k] - params["projection_distance"]
    mine = to_the_left(params["distance_from_center"], params["is_left_of_center"])
    side = params["objects_left_of_center"][k]
    its = to_the_left(params["objects_distance_from_center"][k], side)
    return ahead % params["track_length"], abs(mine - its)


def reward_function(params):
    global last_progress, last_steps
    progress, steps = params["progress"], params["steps"]
    made = progress - last_progress if steps > last_steps else 0.0
    last_progress, last_steps = progress, steps
    if params["is_crashed"] or params["is_offtrack"]:
        return FAULT
    made = max(0.0, min(made, 10.0))  # a new lap begins at 0 %
    reward = made / 100.0 * params["track_length"] / USUAL
    if params["objects_distance"]:
        ahead, beside = next_object(params)
        if ahead < NEAR and beside < ROOM:
            reward *= 0.5 + 0.5 * beside / ROOM
    return reward if params["all_wheels_on_track"] else 0.5 * reward
