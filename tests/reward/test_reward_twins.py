"""A file that is slow to execute is executed once and copied, where that is the same."""

import types
from contextlib import closing

import numpy as np
import pytest
from reward_corpus import CORPUS, corpus

from racer.reward import load, namespace, twins
from racer.reward.worker import engine as worker

MANY = """
import math, json
from collections import deque, defaultdict
from dataclasses import dataclass, field
import numpy as np

def table(n):
    return [[math.sin(i), float(i)] for i in range(n)]

TABLE = table(20)
SAME = TABLE
ROW = TABLE[3]
ARRAY = np.arange(12.0).reshape(3, 4)
VIEW = ARRAY[1:]
HISTORY = deque([0.0], maxlen=3)
APPEND = HISTORY.append
SEEN = defaultdict(list)

@dataclass
class Point:
    x: float
    past: list = field(default_factory=list)

class Base:
    shared = [0.0]
    def __init__(self):
        self.last, self.table = 0.0, TABLE
    @property
    def twice(self):
        return 2 * self.last
    @staticmethod
    def one():
        return 1.0

class Mine(Base):
    def __init__(self):
        super().__init__()
        self.point = Point(1.0)
    def score(self, speed):
        self.last += speed
        self.shared.append(speed)
        self.point.past.append(speed)
        ROW[0] += speed
        VIEW[0, 0] += 1.0
        APPEND(speed)
        SEEN["a"].append(speed)
        total = self.twice + self.one() + len(Base.shared) + sum(self.point.past) + SAME[3][0]
        return total + ARRAY[1, 0] + sum(HISTORY) + len(SEEN["a"]) + self.table[3][0]

def counter(start):
    count = [start]
    def call():
        count[0] += 1
        return count[0]
    return call

CALLS = counter(10)
OBJECT = Mine()
METHOD = OBJECT.score

def reward_function(params, kept=[]):
    kept.append(1)
    reward_function.calls = getattr_or(0) + 1
    return METHOD(params["speed"]) + CALLS() + len(kept) + reward_function.calls

def getattr_or(default):
    try:
        return reward_function.calls
    except AttributeError:
        return default
"""


def _twin(path, first, seed=1):
    file = load(path)
    return namespace.twin(first, file.code, file.shown, seed, copier=twins.Copier)


def _first(path, seed=0):
    file = load(path)
    return namespace.fresh(file.code, file.shown, seed)


def _drive(one, speeds):
    with namespace.imported(one):
        return [one.function({"speed": speed}) for speed in speeds]


def test_a_copy_behaves_as_one_that_was_executed_and_shares_nothing(write):
    path = write(MANY)
    first = _first(path)
    copies = [_twin(path, first) for _ in range(3)]
    speeds = [[1.0, 2.0, 3.0], [0.5, 0.25, 4.0], [1.0, 2.0, 3.0], [7.0, 8.0, 9.0]]
    expected = [_drive(_first(path), some) for some in speeds]
    assert [_drive(one, some) for one, some in zip([*copies, first], speeds, strict=True)] == (
        expected
    )


def test_the_copy_is_a_module_of_its_own(write):
    path = write(MANY)
    first = _first(path)
    other = vars(_twin(path, first).module)
    before = vars(first.module)
    assert list(other) == list(before)
    assert other["SAME"] is other["TABLE"] is not before["TABLE"]
    assert other["ROW"] is other["TABLE"][3]
    assert other["VIEW"].base is other["ARRAY"].base
    assert type(other["OBJECT"]) is other["Mine"] is not before["Mine"]
    assert other["Mine"].__mro__ == (other["Mine"], other["Base"], object)
    assert other["reward_function"].__globals__ is other
    assert repr(other["Point"](2.0)) == "Point(x=2.0, past=[])"
    assert other["Point"](2.0) == other["Point"](2.0)


REPEATS = "def reward_function(p): return 1.0\n"


@pytest.mark.parametrize(
    "text",
    [
        "import random\n",
        "import time\nT = time.time()\n",
        "import numpy as np\nX = np.random.rand()\n",
        "X = id([])\n",
        "import numpy as np\nX = getattr(np, 'ran' + 'dom')\n",
        "exec('x = 1')\n",
        "import os\nX = os.getpid()\n",
        "import ctypes\n",
    ],
)
def test_what_can_tell_one_execution_from_another_is_executed_for_every_car(text, write):
    assert not twins.repeatable([load(write(text + REPEATS)).code], set())
    assert twins.repeatable([load(write(REPEATS)).code], set())


@pytest.mark.parametrize(
    "text",
    [
        "X = iter([1, 2])\n",
        "X = (i for i in range(3))\n",
        "X = {1.0, 2.0}\n",
        "class A:\n    __slots__ = ('a',)\nX = A()\n",
        "class A(list): pass\nX = A()\n",
        "import enum\nclass A(enum.Enum):\n    B = 1\n",
        "class A:\n    def __hash__(self): return 1\nX = {A(): 1}\n",
        "import functools\n@functools.lru_cache\ndef f(x): return x\n",
        "import itertools\nX = itertools.count()\n",
        "import numpy as np\nX = np.array([[], 1], dtype=object)\n",
    ],
)
def test_what_cannot_be_copied_faithfully_is_executed_for_every_car(text, write):
    path = write(text + REPEATS)
    with pytest.raises(twins.Unknown):
        _twin(path, _first(path))


def test_a_change_of_a_shared_module_is_seen():
    import math

    state = twins.SharedState(set())
    assert not state.changed()
    math.calls = 1
    assert state.changed()
    del math.calls


@pytest.mark.parametrize("name", corpus("good"))
def test_files_of_the_corpus_pay_the_same_from_copies(name, rows, waypoints):
    """Where a copy can be made at all; a few dozen of them."""
    file = load(CORPUS / name)
    if not twins.repeatable([file.code], set()):
        return
    try:
        first = _first(CORPUS / name)
        copied = _twin(CORPUS / name, first)
    except twins.Unknown:
        return
    from racer.reward.params import params_of

    def pay(one):
        found = []
        with namespace.imported(one):
            for row in rows[:40].tolist():
                try:
                    found.append(namespace.number(one.function(params_of(row, waypoints))))
                except Exception as error:
                    found.append(type(error))
        return found

    assert pay(copied) == pay(_first(CORPUS / name, 1))


COUNTED = """
N = 0
for i in range(1_500_000):
    N += 1
TABLE = [float(N % 100_003)]
def reward_function(params):
    TABLE[0] += params['speed']
    return TABLE[0]
"""


def test_a_slow_file_is_executed_once_for_all_cars(write, waypoints, rows):
    """By processor time: 40 cars take nowhere near 40 times one."""

    def used(n):
        path = write(COUNTED)
        with closing(worker.WorkerEngine(load(path), n=n, waypoints=waypoints)) as one:
            out = np.zeros(n)
            for _ in range(2):
                one.compute(rows[:n].copy(), None, out)
            expected = [1_500_000 % 100_003 + 2 * v for v in rows["speed"][:n].tolist()]
            np.testing.assert_allclose(out, expected)
            return one.cpu_s()

    assert used(40) < 10 * used(1)


def test_modules_beside_it_are_copied_too(tmp_path):
    (tmp_path / "helper.py").write_text(
        "CALLS = []\ndef f():\n    CALLS.append(1)\n    return len(CALLS)\n"
    )
    path = tmp_path / "mine.py"
    path.write_text(
        "import helper\nfrom helper import f\n"
        "def reward_function(p): return f() + len(helper.CALLS)\n"
    )
    file = load(path)
    with file.served.served():
        first = namespace.fresh(file.code, file.shown, 0, served=file.served)
        other = namespace.twin(
            first, file.code, file.shown, 1, served=file.served, copier=twins.Copier
        )
        assert isinstance(other.modules["helper"], types.ModuleType)
        assert [other.function({}), other.function({}), first.function({})] == [2, 4, 2]
