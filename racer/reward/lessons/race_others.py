"""Lesson 10: race cars like yourself.

Cars that learn one policy are equally fast, so little is won by passing, and much is lost by a
crash: in a race it costs five seconds of standing. Metres made are paid as in lesson 7, whoever is
around, and a fault costs as much as is made in nearly two seconds. That is enough: who is behind is
to blame, so the car learns to brake a little earlier than the one ahead.

Lesson 9 pays every metre gained on the next car once more. Among bots, which are slow, that teaches
to pass; among equals it teaches to drive up close, where most crashes are.

Begin with a policy that is fast alone, and let it go on learning among its like:

    racer train --reward progress_made --preset race
    racer train --from latest --reward race_others --preset self_play --race multi --cars 4
"""

USUAL = 0.27  # m in a step at top speed: the reward is about 1
FAULT = -25.0

last_progress = 0.0
last_steps = 0.0


def reward_function(params):
    global last_progress, last_steps
    progress, steps = params["progress"], params["steps"]
    made = progress - last_progress if steps > last_steps else 0.0
    last_progress, last_steps = progress, steps
    if params["is_crashed"] or params["is_offtrack"]:
        return FAULT
    made = max(0.0, min(made, 10.0))  # a new lap begins at 0 %
    return made / 100.0 * params["track_length"] / USUAL
