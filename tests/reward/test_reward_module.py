"""What a reward file finds around it is what a module finds: streams, imports, folder, loggers."""

from contextlib import closing

import numpy as np
import pytest

from racer.reward import make_engine

ENGINES = ["worker", "inprocess"]


@pytest.fixture
def paid(write, waypoints, rows):
    """Rewards of two batches of two cars, from files that lie in one folder."""

    def pay(kind, text, seed=0, **beside):
        for name, content in beside.items():
            write(content, name.replace("_", "."))
        path = write(text)
        found = []
        with closing(make_engine(path, n=2, waypoints=waypoints, engine=kind, seed=seed)) as made:
            for _ in range(2):
                out = np.zeros(2)
                made.compute(rows[:2].copy(), None, out)
                found.append(out.tolist())
            return found, getattr(made, "output", str)()

    return pay


STREAMS = """
import contextlib, io, os, sys
def reward_function(params):
    kept = io.StringIO()
    print("kept", file=kept)
    with contextlib.redirect_stdout(kept):
        print("redirected", sep="")
    sys.stdout.buffer.write(b"bytes\\n")
    sys.stderr.writelines(["li", "nes\\n"])
    sys.__stdout__.write("under\\n")
    os.write(2, b"descriptor\\n")
    print("end", end=".\\n", file=sys.__stderr__, flush=True)
    try:
        print(1, ended=2)
    except TypeError:
        return len(kept.getvalue())
"""


def test_all_that_goes_to_a_stream_is_kept_and_nothing_else(paid):
    found, printed = paid("worker", STREAMS)
    assert found == [[16.0, 16.0]] * 2  # "kept\\nredirected\\n"
    call = ["bytes", "lines", "under", "descriptor", "end."]
    assert printed.splitlines() == call * 4


LATE = """
import collections, datetime, functools, importlib, os, sys
import numpy as np
sys.path.append(os.path.dirname(os.path.abspath(__file__)))
late = importlib.import_module("graphlib")
archive = np.load("a.npz")
table = open("t.csv", encoding="utf-8-sig").read()
@functools.singledispatch
def kind(x):
    return 0
@kind.register
def _(x: float):
    return 1
def reward_function(params):
    common = collections.Counter("aab").most_common(1)[0][1]
    day = datetime.datetime.strptime("2024-01-05", "%Y-%m-%d").day
    text = np.char.upper(np.array(["a"]))[0]
    assert os.path.isabs(os.path.abspath("x")) and os.getcwd() == os.path.dirname(__file__)
    letters = len("é".encode("utf-16")) + (text == "A") + len(table)
    return common + day + kind(params["x"]) + letters + archive["k"][1]
"""


@pytest.mark.parametrize("kind", ENGINES)
def test_what_the_libraries_import_at_a_call_is_there(kind, paid, tmp_path):
    np.savez(tmp_path / "a.npz", k=np.array([1.0, 8.0]))
    found, _ = paid(kind, LATE, t_csv=b"\xef\xbb\xbfxy")
    assert found == [[2 + 5 + 1 + 4 + 1 + 8 + 2.0] * 2] * 2


def test_all_names_of_numpy_may_be_imported(write, waypoints, rows):
    """Numpy imports some of its parts when `*` first names them, which would be too late."""
    text = "from numpy import *\ndef reward_function(params):\n    return float(sqrt(4.0))\n"
    made = make_engine(write(text), n=2, waypoints=waypoints, engine="worker")
    out = np.zeros(2)
    made.compute(rows[:2].copy(), None, out)
    made.close()
    assert out.tolist() == [2.0, 2.0]


def test_an_import_that_comes_too_late_says_what_to_write(write, waypoints, rows):
    text = (
        "name = 'graph' + 'lib'\ndef reward_function(params):\n    __import__(name)\n    return 1\n"
    )
    from racer.errors import RewardFailed

    with (
        closing(make_engine(write(text), n=1, waypoints=waypoints, engine="worker")) as made,
        pytest.raises(RewardFailed, match="write `import graphlib` at the top of the reward"),
    ):
        made.compute(rows[:1].copy(), None, np.zeros(1))


def test_the_text_of_a_file_can_be_shown(paid):
    text = """
    import inspect, traceback
    def reward_function(params):
        try:
            return 1 / 0
        except ZeroDivisionError:
            shown = "return 1 / 0" in traceback.format_exc()
        return shown + 2 * inspect.getsource(reward_function).startswith("def reward")
    """.replace("\n    ", "\n")
    assert paid("worker", text)[0] == [[3.0, 3.0]] * 2


@pytest.mark.parametrize("kind", ENGINES)
def test_a_file_called_reward_may_lie_beside_the_reward(kind, paid):
    text = "import sys\nfrom reward import k\ndef reward_function(params):\n    "
    text += "return k + (sys.modules[__name__].k == 3)\n"
    assert paid(kind, text, reward_py="k = 3\n")[0] == [[4.0, 4.0]] * 2


LOGGERS = """
import logging
import helper
logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
log = logging.getLogger("mine")
log.addHandler(logging.StreamHandler())
log.propagate = False
def reward_function(params):
    log.warning("once")
    logging.info("root")
    helper.log.error("beside")
    return len(log.handlers) + 10 * len(logging.getLogger().handlers)
"""


@pytest.mark.parametrize("kind", ENGINES)
def test_every_car_has_its_own_loggers(kind, paid):
    import logging

    before = logging.getLogger().handlers[:]
    beside = "import logging\nlog = logging.getLogger(__name__)\n"
    found, printed = paid(kind, LOGGERS, helper_py=beside)
    assert found == [[11.0, 11.0]] * 2
    assert logging.getLogger().handlers == before
    if kind == "worker":
        assert printed.splitlines() == ["once", "INFO root", "ERROR beside"] * 4


UNSEEDED = """
import importlib, random
import numpy as np
from numpy.random import rand
mine, theirs = random.Random(), np.random.default_rng()
other = importlib.import_module("random")
def reward_function(params):
    random.seed()
    return random.random() + mine.random() + theirs.random() + rand() + other.random()
"""


@pytest.mark.parametrize("kind", ENGINES)
def test_random_numbers_without_a_seed_are_the_runs(kind, paid):
    (first, _), (again, _), (other, _) = (paid(kind, UNSEEDED, seed) for seed in (3, 3, 4))
    assert first == again != other
    assert len({value for batch in first for value in batch}) == 4
