"""What an expensive first call makes is made once, not per car, where that is the same."""

import ast
import contextlib
import io
import warnings

import numpy as np
import pytest

from racer.reward import first_calls, load, namespace
from racer.reward.first_calls import FirstCalls
from racer.reward.outline import outline
from racer.reward.reach import Reach
from racer.reward.worker.engine import WorkerEngine

POINTS = [(float(i), i * 0.5) for i in range(30)]
CARS = 4

BUILD = """
import math
def build(points, width=1.0):
    return [[math.sin(x) * width, y] for x, y in points]
"""
PAY = "LINE[int(params['x']) % 30][0] + len(LINE)\n"

SHARED = {
    "a global": BUILD + """
LINE = None
def reward_function(params):
    global LINE
    if LINE is None:
        LINE = build(params["waypoints"], params["track_width"])
    LINE[0][0] += params["x"]
    return LINE[0][0] + """ + PAY,
    "an attribute of the function": BUILD + """
def reward_function(params):
    if not hasattr(reward_function, "table"):
        reward_function.table = build(params["waypoints"])
    LINE = reward_function.table
    LINE.append([params["x"], 0.0])
    return LINE[-2][0] + """ + PAY,
    "an object": """
import numpy as np
class Line:
    step = 0.5
    def __init__(self, points):
        self.points = points
        self.near = np.array(points)[:, ::-1] * self.step
        self.seen = []
    def at(self, i):
        self.seen.append(i)
        self.near[0, 0] += i
        return float(self.near[0, 0] + self.near[int(i) % 30, 1]) + len(self.seen)
line = None
def reward_function(params):
    global line
    if line is None:
        line = Line(params["waypoints"])
    return line.at(params["x"]) + (line.points is params["waypoints"])
""",
    "a method that keeps": """
class Reward:
    def __init__(self):
        self.line, self.calls = None, 0
    def load(self, params):
        self.line = [x * y for x, y in params["waypoints"]]
        self.size = len(self.line)
    def reward(self, params):
        if self.line is None:
            self.load(params)
        self.calls += 1
        self.line[0] += params["x"]
        return self.line[0] + self.calls + self.size
reward_function = Reward().reward
""",
    "a cached function": """
from functools import lru_cache
@lru_cache(maxsize=None)
def table(points):
    return [x + y for x, y in points]
def reward_function(params):
    found = table(tuple(params["waypoints"]))
    found[0] += params["x"]
    return found[0] + table.cache_info().hits
""",
    "a table that is filled": """
TABLE, SEEN = [], {}
def fill(points):
    for i, (x, y) in enumerate(points):
        TABLE.append([x, y])
        SEEN[i] = TABLE[-1]
def reward_function(params):
    if not TABLE:
        fill(params["waypoints"])
    SEEN[0][0] += params["x"]
    return TABLE[0][0] + len(TABLE)
""",
    "a counter": BUILD + """
calls, LINE = 0, None
def counted(points):
    global calls
    calls += 1
    return [[x + calls, y] for x, y in build(points)]
def reward_function(params):
    global LINE
    LINE = counted(params["waypoints"]) if LINE is None or params["x"] > 6 else LINE
    return calls + """ + PAY,
    "a sorted argument": """
LINE = None
def best(points):
    points.sort(key=lambda point: -point[1])
    return points
def reward_function(params):
    global LINE
    points = params["waypoints"]
    if LINE is None:
        LINE = best(points)
        LINE.append((params["x"], 1.0))
    return points[0][1] + LINE[-1][0] + len(LINE) + (points is LINE)
""",
    "kept in a default": """
def table(points, kept={}):
    if not kept:
        kept["line"] = [x for x, _ in points]
        table.made = True
    return kept["line"]
def reward_function(params):
    table(params["waypoints"])[0] += params["x"]
    return table(params["waypoints"])[0] + table.made
""",
    "an attribute of a class": """
from collections import deque, defaultdict
class Track:
    line, past = None, deque([0.0], maxlen=3)
    by_x = defaultdict(list)
    @classmethod
    def load(cls, points):
        cls.line = [[x, y] for x, y in points]
        for point in cls.line:
            cls.past.append(point)
            cls.by_x[point[0] // 7].append(point)
        return cls
    @staticmethod
    def pay(x):
        Track.line[-1][0] += x
        return Track.past[-1][0] + len(Track.by_x) + Track.by_x[0.0][0][1]
def reward_function(params):
    if Track.line is None:
        assert Track.load(params["waypoints"]) is Track
    return Track.pay(params["x"])
""",
    "a function that was made": """
def interpolator(points):
    kept = [y for _, y in points]
    def at(x):
        kept[0] += x
        return kept[0]
    return at
at = None
def reward_function(params):
    global at
    at = at or interpolator(params["waypoints"])
    return at(params["x"])
""",
}  # fmt: skip

EVERY_CAR = {
    "random numbers": """
import random
LINE = None
def build(points):
    return [x + random.random() for x, _ in points]
""",
    "the clock": """
import time
LINE = None
def build(points):
    return [x + 0.0 * time.time() for x, _ in points]
""",
    "a print": """
LINE = None
def build(points):
    print(len(points), "points")
    return [x for x, _ in points]
""",
    "a warning": """
import numpy as np
LINE = None
def build(points):
    return list(np.array([0.0, 1.0]) / np.array([0.0, 1.0]))[1:]
""",
    "numbers of its car": """
LINE = None
def build(points):
    return [x + CAR[0] for x, _ in points]
""",
    "an iterator": """
import itertools
LINE, NUMBERS = None, itertools.count()
def build(points):
    return [next(NUMBERS) + x for x, _ in points]
""",
    "who is who": """
LINE, MARK = None, (0.0, 0.0)
def build(points):
    return [x + (points[0] is MARK) for x, _ in points]
""",
    "an address": """
LINE = None
def build(points):
    return [x + 0.0 * id(points) for x, _ in points]
""",
    "an array that is changed": """
import numpy as np
LINE, SUM = None, np.zeros(3)
def build(points):
    SUM[0] += 1.0
    return [SUM[0]]
""",
    "a global that is deleted": """
LINE, ONCE = None, 1.0
def build(points):
    global ONCE
    del ONCE
    return [x for x, _ in points]
""",
    "what a method prints": """
LINE = None
class Line:
    def __len__(self):
        print("asked")
        return 3
def build(points):
    return [len(Line())]
""",
    "a set": """
LINE = None
def build(points):
    return {x for x, _ in points}
""",
}
ENDING = """
CAR = []
def reward_function(params):
    global LINE
    CAR[:] = [params["x"]]
    if LINE is None:
        LINE = build(params["waypoints"])
    return float(sum(LINE))
"""


@pytest.fixture
def again(monkeypatch):
    """Every call is worth being kept; what was given again is counted."""
    given, plain = [], first_calls._again
    monkeypatch.setattr(first_calls, "SLOW", -1.0)
    monkeypatch.setattr(first_calls, "_again", lambda *made: given.append(1) or plain(*made))
    return given


def _drive(file, calls, code=None):
    """What all cars are paid in three rounds; car by car if `calls` is None, as Python does."""
    spaces = [namespace.fresh(code or file.code, file.shown, car) for car in range(CARS)]
    functions = [space.function for space in spaces]
    for car, space in enumerate(spaces):
        if calls is not None:

            def done(car=car, function=space.function):
                functions[car] = function

            functions[car] = calls.of(space, space.function, done)
    paid = []
    for turn in range(3):
        for car, space in enumerate(spaces):
            params = {"x": 2.0 * car + turn, "track_width": 0.7, "waypoints": list(POINTS)}
            with namespace.imported(space):
                paid.append(float(functions[car](params)).hex())
    return paid


def _both(text, write):
    """Paid and printed, by plain Python and with first calls that are shared."""
    file = load(write(text))
    found = []
    for shared in (False, True):
        stream = io.StringIO()
        tree = ast.parse(file.source)
        if shared:
            outline(tree)
        code = compile(tree, file.shown, "exec")
        calls = FirstCalls(tree, file.shown, stream.tell) if shared else None
        with (
            contextlib.redirect_stdout(stream),
            contextlib.redirect_stderr(stream),
            warnings.catch_warnings(record=True) as said,
        ):
            warnings.simplefilter("default")
            found.append((_drive(file, calls, code), stream.getvalue(), len(said)))
    return found


INLINE = {
    "an attribute of the function": """
def reward_function(params):
    if not hasattr(reward_function, "table"):
        reward_function.table = [x * y for x, y in params["waypoints"]]
    reward_function.table[1] += params["x"]
    return reward_function.table[1] + sum(reward_function.table)
""",
    "a global": """
import math
LINE = None
def reward_function(params):
    global LINE
    points = params["waypoints"]
    width = 0.5
    if LINE is None:
        LINE = []
        for i, (x, y) in enumerate(points):
            LINE.append([math.sin(x) * width, y, float(i)])
    for i in range(3):
        LINE[i][0] += params["x"]
    return LINE[0][0] + len(LINE)
""",
    "an object": """
class Kept:
    def __init__(self):
        self.line = {}
    def pay(self, params):
        if not self.line:
            total = 0.0
            for x, y in params["waypoints"]:
                total += x * y
                self.line[x] = total
        self.line[0.0] += params["x"]
        return self.line[0.0] + len(self.line)
KEPT = Kept()
def reward_function(params):
    return KEPT.pay(params)
""",
}
LEFT = [
    "    if not T:\n        for x in A: T.append(x)\n    return x\n",
    "    if not T:\n        for x in A: T.append(x + y)\n    y = 1.0\n",
    "    if not T:\n        for x in A: params = x\n    return params\n",
    "    if not T:\n        for x in A: return x\n    return 1.0\n",
    "    x = 1\n    if not T:\n        x = sum(a for a in A)\n    return x",
    "    if params['x'] > 1:\n        for x in A: T.append(x)\n",
    "    if not T:\n        T.append(1)\n    return locals()\n",
    "    if not T:\n        for x in T: params.__t = x\n",
]  # fmt: skip


@pytest.mark.parametrize("name", INLINE)
def test_a_table_in_the_lines_of_a_call_is_made_once(name, write, again):
    plain, shared = _both(INLINE[name], write)
    assert shared == plain
    assert len(again) == CARS - 1


@pytest.mark.parametrize("text", LEFT)
def test_lines_whose_names_could_mean_something_else_stay_where_they_are(text):
    text = "def reward_function(params):\n" + text
    tree = ast.parse(text)
    outline(tree)
    assert ast.dump(tree) == ast.dump(ast.parse(text))


@pytest.mark.parametrize("name", SHARED)
def test_what_does_not_depend_on_the_car_is_made_once(name, write, again):
    plain, shared = _both(SHARED[name], write)
    assert shared == plain
    assert len(again) == CARS - 1


@pytest.mark.parametrize("name", EVERY_CAR)
def test_what_may_differ_between_cars_is_made_by_each(name, write, again):
    plain, shared = _both(EVERY_CAR[name] + ENDING, write)
    assert shared == plain
    assert not again


def test_a_key_tells_numbers_that_are_equal_from_each_other(write):
    space = namespace.fresh(load(write("def reward_function(p):\n    return p\n")).code, "x", 0)

    def key(value):
        reach = Reach({"reward": vars(space.module)}, lambda function: function.__code__)
        return reach.of(space.function, (value,), {}, {})

    values = [0.0, -0.0, 0, False, 1, 1.0, True, np.float64(1.0), np.float32(1.0), "1", b"1"]
    values += [[1.0], (1.0,), {1.0: 1.0}, np.array([1.0]), np.array([1]), [1.0, 1.0], None]
    same = [0.5, 0.25]
    values += [[same, same], [same, [0.5, 0.25]], [same, [0.25, 0.5]]]
    assert len({key(value) for value in values}) == len(values)
    assert key(float("nan")) == key(float("nan"))


def test_a_helper_that_is_called_often_is_left_alone(write, monkeypatch, again):
    monkeypatch.setattr(first_calls, "SLOW", 1e9)
    noted = []
    monkeypatch.setattr(first_calls, "Reach", lambda *about: noted.append(1) or Reach(*about))
    text = """
def near(x, y):
    return x * y
def reward_function(params):
    return sum(near(x, y) for x, y in params["waypoints"])
"""
    plain, shared = _both(text, write)
    assert shared == plain
    assert len(noted) == first_calls.QUICK  # of all cars and calls


def test_an_error_names_the_line_of_the_file(write):
    file = load(
        write(
            "def table(points):\n    return points['x']\nLINE = None\n"
            + ENDING.replace("build", "table")
        )
    )
    with pytest.raises(TypeError) as error:
        _drive(file, FirstCalls(file.tree, file.shown, lambda: 0))
    assert namespace.line_of(error.value, file.shown) == 2


def test_a_reward_process_makes_a_table_once(write, waypoints, rows):
    path = write("""
import math
def build(points):
    table = [math.sin(x * i) for i in range(6000) for x, _ in points]
    return [sum(table), max(table)]
class Kept:
    table = None
def reward_function(params):
    if Kept.table is None:
        Kept.table = {"text": build(params["waypoints"])}
    Kept.table["text"][1] += params["speed"]
    return Kept.table["text"][1]
""")
    used, paid = [], []
    for n in (1, 2, 24):
        worker = WorkerEngine(load(path), n=n, waypoints=waypoints, capacity=n)
        out, before = np.zeros(n), worker.cpu_s()
        worker.compute(rows[:n].copy(), None, out)
        used.append(worker.cpu_s() - before)
        paid.append(out)
        worker.close()
    assert paid[2][:2].tolist() == paid[1].tolist()
    assert used[2] < 6 * max(used[0], used[1]), used  # 24 times, made by every car
