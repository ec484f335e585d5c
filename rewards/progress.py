"""Lesson 4: progress per step, the reward that means "fast".

A lap is 100 % whatever the speed, so a car that needs fewer steps has more progress per step. The
first steps of an episode say little (steps starts at 2), hence the `max`. Finishing the lap pays a
bonus that is worth more the earlier it comes, but not so much that nothing else matters.
"""


def reward_function(params):
    progress, steps = params["progress"], params["steps"]
    if params["is_offtrack"]:
        return 1e-3
    reward = max(1e-3, progress) / max(steps, 20.0)
    if progress == 100:
        reward += 1500.0 / steps
    return float(reward)
