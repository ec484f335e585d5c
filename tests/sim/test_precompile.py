"""The first start on a machine compiles in two processes; every later one in none."""

import json

import pytest

from racer.sim import precompile

CODE = """
import json
from racer.config import RaceConfig
from racer.race import make_race
from racer.sim import precompile, step

make_race(RaceConfig(), 2, with_reward=False).reset()
found = {}
for kernel in (step.advance_kinematic, step.reset, step.begin):
    hits, misses = kernel.stats.cache_hits, kernel.stats.cache_misses
    found[kernel.__name__] = [sum(hits.values()), sum(misses.values())]
child = precompile._beside
print(json.dumps([found, None if child is None else child.returncode]))
"""
LOADED, COMPILED = [1, 0], [0, 1]


@pytest.mark.skipif(not precompile._pays(), reason="one core, or no cache")
def test_a_cold_start_loads_what_a_second_process_compiled(python, tmp_path):
    first, later = (json.loads(python(CODE, RACER_CACHE=str(tmp_path))) for _ in range(2))
    kernels = {"advance_kinematic": LOADED, "reset": LOADED}
    assert first == [kernels | {"begin": COMPILED}, 0]
    assert later == [kernels | {"begin": LOADED}, None]
