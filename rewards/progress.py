"""Lesson 4: progress per step, squared: it means "fast", and is a trap.

A car that needs fewer steps makes more progress per step. But paid in every step, that alone is
worth the same for every lap, because a slow one collects less for longer. Squared it is not: twice
the pace is paid four times as much, half as long. The first steps of an episode say little (steps
starts at 2), hence the `max`. Finishing pays a bonus that is worth more the earlier it comes.

The trap: it is the mean pace since the start. After a hundred steps one lost step moves it by a
percent, so the car gets around quickly and then learns no more. Lesson 7 repairs that.
"""


def reward_function(params):
    progress, steps = params["progress"], params["steps"]
    if params["is_offtrack"]:
        return 1e-3
    pace = max(1e-3, progress) / max(steps, 20.0)
    reward = pace**2
    if progress == 100:
        reward += 1500.0 / steps
    return float(reward)
