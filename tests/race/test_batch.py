"""A row of N cars is a race of one, bit for bit; the same seed gives the same bytes anywhere."""

import numpy as np
import pytest

STEPS = 100
COLUMNS = ("cars", "params", "commands", "rewards", "terminated", "truncated", "obs")


def actions_of(seed):
    """(STEPS, 2) float32: weaving full throttle, another line for every seed."""
    rng = np.random.default_rng(seed)
    steer = 0.6 * np.sin(np.arange(STEPS) / 5 + rng.uniform(0, 6)) + rng.normal(0, 0.3, STEPS)
    return np.stack([steer, rng.uniform(-1, 1, STEPS)], axis=1).astype(np.float32)


def history(race, actions):
    """Bytes of every row after every step: list over cars; done cars start again."""
    rows = [[] for _ in range(race.n)]
    for step in range(STEPS):
        race.step(actions[:, step])
        tables = [getattr(race, name) for name in COLUMNS]
        for i in range(race.n):
            rows[i].extend(table[i].tobytes() for table in tables)
        if race.done_count:
            race.reset(race.done)
            for i in np.flatnonzero(race.done):
                rows[i].append(race.obs[i].tobytes())
    return rows


@pytest.mark.parametrize("n", [2, 7, 64, 512])
@pytest.mark.parametrize("rules", [{}, {"start": "random", "alternate_direction": True}])
def test_row_of_a_batch_equals_a_race_of_one(race, n, rules):
    seed = 11
    actions = np.stack([actions_of(seed + i) for i in range(n)])
    batch = history(race(n, seed=seed, max_steps=60, **rules), actions)
    one = race(1, max_steps=60, **rules)
    for i in range(n):
        one.seed(seed + i)
        one.reset()
        assert history(one, actions[i : i + 1])[0] == batch[i], f"car {i} of {n}"


def test_other_cars_change_nothing_in_any_order(race):
    seeds = np.array([5, 3, 8, 1, 9])
    orders = []
    for order in (seeds, seeds[::-1]):
        r = race(5)
        r.seed(order)
        r.reset()
        orders.append(history(r, np.stack([actions_of(s) for s in order])))
    assert orders[0] == orders[1][::-1]


SCRIPT = """
import hashlib, sys
import numpy as np
from racer import vehicles
from racer.actions import Continuous
from racer.config import Rules
from racer.race import Race
from racer.tracks import Track

a = np.linspace(0, 2 * np.pi, 9)
center = 0.6 * np.stack([np.cos(a), np.sin(a)], axis=1)  # small: plain Python is slow
center[-1] = center[0]
small = "small" in sys.argv
track = Track("octagon", center, 0.6 * center, 1.4 * center) if small else Track.load("bean")
n, length = (3, 8) if small else (5, 20)
race = Race(
    track, n, vehicle=vehicles.load("deepracer"), actions=Continuous(),
    rules=Rules(start="random", alternate_direction=True, max_steps=length), all_params=True,
)
race.reset()
digest = hashlib.sha256()
rng = np.random.default_rng(0)
for _ in range(3 * length):
    race.step(rng.uniform(-1, 1, (n, 2)).astype(np.float32))
    for table in (race.cars, race.params, race.obs, race.done):
        digest.update(table.tobytes())
    race.reset(race.done)
assert race.cars["episode"].min() >= 2
print(digest.hexdigest())
"""


def test_same_seed_same_bytes_in_another_process(python):
    assert python(SCRIPT, PYTHONHASHSEED="1") == python(SCRIPT, PYTHONHASHSEED="2")


def test_compiled_equals_plain_python_to_the_bit(python):
    small = "import sys; sys.argv.append('small')\n" + SCRIPT
    # NumPy warns where an unsigned integer wraps around, which the random numbers mean to do.
    plain = "import warnings; warnings.simplefilter('ignore', RuntimeWarning)\n" + small
    assert python(small) == python(plain, NUMBA_DISABLE_JIT="1")


def test_kernels_compile_once_whatever_the_number_of_cars(python):
    code = """
import numpy as np
from racer.race import make_race
from racer.config import RaceConfig
import racer.sim.step as step
import racer.observations.features as features
for n in (1, 7, 64):
    race = make_race(RaceConfig(), n)
    race.reset()
    race.step(np.zeros((n, 2), np.float32))
    race.reset(race.done)
counts = {
    name: len(value.signatures)
    for module in (step, features)
    for name, value in vars(module).items()
    if hasattr(value, "signatures")
}
assert sum(counts.values()) > 3, counts
assert max(counts.values()) == 1, counts
"""
    python(code)


def test_a_warm_start_compiles_nothing(python):
    code = """
import numba.core.compiler, time
import numpy as np
from racer.race import make_race
from racer.config import RaceConfig

def no(*args, **kwargs):
    raise AssertionError("compiled a kernel that should come from the cache")

if {warm}:
    numba.core.compiler.compile_extra = no
race = make_race(RaceConfig(), 3, with_reward=False)
race.reset()
race.step(np.zeros((3, 2), np.float32))
"""
    python(code.replace("{warm}", "False"))
    python(code.replace("{warm}", "True"))
