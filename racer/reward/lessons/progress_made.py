"""Lesson 7: pay the metres made along the road since the last step.

Lesson 4 divides all progress by all steps: after a few seconds one lost step moves it by a percent,
so nothing is left to learn from. Paid step by step, every metre counts when it is made. A metre of
the inside line is worth more than one of the outside line, because what is counted is the road's
middle, not the car's wheels. It is paid as it is, not squared: squared, a bend taken too fast pays
so well on its way in that leaving the road after it is worth it.

The two numbers below are kept between calls. Let laps go on while training, so that being early
is always worth something:

    racer train --reward progress_made --preset race
"""

USUAL = 0.27  # m in a step at top speed: the reward is about 1

last_progress = 0.0
last_steps = 0.0


def reward_function(params):
    global last_progress, last_steps
    progress, steps = params["progress"], params["steps"]
    made = progress - last_progress if steps > last_steps else 0.0
    last_progress, last_steps = progress, steps
    if params["is_offtrack"]:
        return 0.0
    made = max(0.0, min(made, 10.0))  # a new lap begins at 0 %
    return made / 100.0 * params["track_length"] / USUAL
