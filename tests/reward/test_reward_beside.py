"""Rewards of several files: own modules and tables beside them, read-only, in every engine."""

import os
import shutil
import sys
from contextlib import closing

import numpy as np
import pytest

from racer.errors import BadReward, RewardFailed
from racer.reward import beside, load, make_engine
from racer.reward.worker import channel
from racer.reward_check.lint import findings

ENGINES = ["worker", "pipes", "inprocess"]

MINE = """
import csv, json, os
from pathlib import Path
import numpy as np
import helper
from pkg.sub import scale
TABLE = json.load(open("table.json"))
HERE = os.path.dirname(__file__)
ROWS = list(csv.reader(open(os.path.join(HERE, "tables", "x.csv"))))
ARRAY = np.load(Path(__file__).resolve().parent / "line.npy")
TEXT = np.loadtxt("tables/x.csv", delimiter=",")
assert os.path.exists("table.json") and not os.path.exists("tables/none.csv")
assert Path(HERE, "table.json").is_file() and os.path.isdir(os.path.join(HERE, "tables"))
assert Path("table.json").read_text() == open("table.json", "rb").read().decode()
def reward_function(params):
    import late
    parts = [helper.score(params), scale(TABLE["a"]), float(ROWS[0][1]), TEXT[0], ARRAY.sum()]
    return sum(parts) + late.calls()
"""
HELPER = """
import dataclasses
count = 0
@dataclasses.dataclass
class Car:
    speed: float
def score(params):
    global count
    count += 1
    return Car(params["speed"]).speed + count
"""
LATE = "n = 0\ndef calls():\n    global n\n    n += 100\n    return n\n"


@pytest.fixture
def lay(tmp_path):
    """Write files by their path below the reward's folder; returns the reward."""

    def make(mine, **files):
        for name, content in {"mine.py": mine, **files}.items():
            path = tmp_path / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return tmp_path / "mine.py"

    return make


@pytest.fixture
def several(lay, tmp_path):
    np.save(tmp_path / "line.npy", np.arange(3.0))
    files = {"helper.py": HELPER, "late.py": LATE, "table.json": '{"a": 2.0}'}
    package = {"pkg/__init__.py": "", "pkg/sub.py": "from .k import K\ndef scale(x): return x * K"}
    return lay(MINE, **files, **package, **{"pkg/k.py": "K = 3.0", "tables/x.csv": "1.5,2.5"})


@pytest.fixture
def paid(waypoints, rows, monkeypatch):
    """Rewards of some batches of two cars."""

    def pay(path, engine, batches=2, n=2):
        if engine == "pipes":  # as on Windows
            monkeypatch.setattr("racer.reward.worker.engine.open_channel", channel.PipeChannel)
        kind = "worker" if engine == "pipes" else engine
        found = []
        with closing(make_engine(path, n=n, waypoints=waypoints, engine=kind)) as made:
            for _ in range(batches):
                out = np.zeros(n)
                made.compute(rows[:n].copy(), None, out)
                found.append(out.tolist())
        return found

    return pay


@pytest.mark.parametrize("engine", ENGINES)
def test_modules_and_tables_beside_a_reward_are_found_wherever_one_stands(
    engine, several, paid, rows, tmp_path, monkeypatch
):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    fixed = 3.0 * 2.0 + 2.5 + 1.5 + 3.0
    expected = [[float(v) + k + fixed + 100 * k for v in rows["speed"][:2]] for k in (1, 2)]
    np.testing.assert_allclose(paid(several, engine), expected, rtol=1e-12)


def test_in_process_nothing_of_it_stays_in_the_trainer(several, paid):
    paths, modules, real = list(sys.meta_path), set(sys.modules), (open, os.stat, np.loadtxt)
    paid(several, "inprocess")
    assert sys.meta_path == paths
    assert (open, os.stat, np.loadtxt) == real
    assert not {"helper", "pkg", "late", "reward"} & (set(sys.modules) - modules)


def test_it_is_not_compiled_and_the_reason_names_the_file(several, waypoints):
    with closing(make_engine(several, n=1, waypoints=waypoints)) as engine:
        assert engine.name == "worker"
        assert engine.why_not == f"{several}:5: it uses helper.py, a file beside it"


def test_check_names_every_file(several):
    told = [found.message for found in findings(load(several)) if found.code == "beside"]
    assert len(told) == len(load(several).beside.files) == 8
    assert any("table.json" in message and "10 bytes" in message for message in told)


def test_a_change_beside_a_reward_changes_its_hash(several, tmp_path):
    before = load(several).sha256
    (tmp_path / "tables/x.csv").write_text("1.5,2.6")
    assert load(several).sha256 != before
    (tmp_path / "other.json").write_text("not named in the text")
    changed = load(several).sha256
    (tmp_path / "other.json").write_text("nor this")
    assert load(several).sha256 == changed


def test_a_module_does_not_hide_one_of_the_standard_library(lay, paid):
    path = lay("import math\ndef reward_function(p): return math.cos(0.0)\n", **{"math.py": "1/0"})
    assert not load(path).beside.files
    assert paid(path, "worker") == [[1.0, 1.0]] * 2


@pytest.mark.parametrize("engine", ENGINES)
def test_an_error_in_a_module_names_both_places(engine, lay, paid):
    path = lay(
        "import helper\ndef reward_function(p):\n    return helper.f()\n",
        **{"helper.py": "def f():\n    return 1 / 0\n"},
    )
    with pytest.raises(RewardFailed, match=r"mine.py:3: ZeroDivision.*\(helper.py:2\)"):
        paid(path, engine)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_module_that_does_not_parse_is_told_at_its_import(engine, lay, paid):
    path = lay("\nimport helper\ndef reward_function(p): return 1.0\n", **{"helper.py": "def f(:"})
    with pytest.raises(BadReward, match=r"mine.py:2: SyntaxError.*helper.py, line 1"):
        paid(path, engine)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("mode", ["w", "a", "r+", "x"])
def test_nothing_beside_a_reward_can_be_written(mode, engine, lay, paid, tmp_path):
    text = f"open('t.json', {mode!r})\ndef reward_function(p): return 1.0\n"
    with pytest.raises(BadReward, match=r"mine.py:1: PermissionError: .*read, not written"):
        paid(lay(text, **{"t.json": "{}"}), engine)
    assert (tmp_path / "t.json").read_text() == "{}"


OUTSIDE = [
    '"../secret.json"',
    'os.path.join(HERE, "..", "secret.json")',
    'os.path.join(HERE, "tables", "../../secret.json")',
    '"@/secret.json"',
    '"tables/../../secret.json"',
    'b"../secret.json"',
]


@pytest.mark.skipif(sys.platform != "linux", reason="the full lock needs Linux")
@pytest.mark.parametrize("path", OUTSIDE)
def test_nothing_outside_the_folder_is_served(path, lay, paid, tmp_path):
    outside = tmp_path.parent / "secret.json"
    outside.write_text("secret")
    text = f"import os\nHERE = os.path.dirname(__file__)\nopen('t.json')\nopen({path})\n"
    text = text.replace("@", str(outside.parent)) + "def reward_function(p): return 1.0\n"
    mine = lay(text, **{"t.json": "{}", "tables/x.csv": "1"})
    assert "secret" not in str(load(mine).beside.files)
    with pytest.raises(BadReward, match=r"mine.py:4: PermissionError.*guard"):
        paid(mine, "worker")


def test_a_link_out_of_the_folder_is_refused(lay, tmp_path):
    mine = lay("T = open('t.json')\ndef reward_function(p): return 1.0\n")
    (tmp_path.parent / "real.json").write_text("secret")
    (tmp_path / "t.json").symlink_to(tmp_path.parent / "real.json")
    with pytest.raises(BadReward, match="link out of the reward's folder"):
        load(mine)


def test_a_folder_that_is_a_link_out_is_refused(lay, tmp_path):
    mine = lay("T = open('tables/t.json')\ndef reward_function(p): return 1.0\n")
    (tmp_path.parent / "far").mkdir(exist_ok=True)
    (tmp_path.parent / "far" / "t.json").write_text("secret")
    (tmp_path / "tables").symlink_to(tmp_path.parent / "far")
    with pytest.raises(BadReward, match="link out of the reward's folder"):
        load(mine)


def test_a_link_to_a_file_of_another_kind_is_refused(lay, tmp_path):
    mine = lay("T = open('t.json')\ndef reward_function(p): return 1.0\n", **{"key.pem": "secret"})
    (tmp_path / "t.json").symlink_to(tmp_path / "key.pem")
    with pytest.raises(BadReward, match="link out"):
        load(mine)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names")
def test_a_pipe_is_refused_and_not_waited_for(lay, tmp_path):
    mine = lay("T = open('t.json')\ndef reward_function(p): return 1.0\n")
    os.mkfifo(tmp_path / "t.json")
    with pytest.raises(BadReward, match="is a pipe or a device"):
        load(mine)


def test_a_huge_file_is_refused_without_reading_it(lay, tmp_path):
    mine = lay("T = open('t.npy')\ndef reward_function(p): return 1.0\n")
    with (tmp_path / "t.npy").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(BadReward, match=r"t.npy has 1099511627776 bytes.*16 MiB"):
        load(mine)


def test_too_many_files_are_refused(lay, monkeypatch):
    monkeypatch.setattr(beside, "MOST", 2)
    files = {f"m{i}.py": "" for i in range(3)}
    with pytest.raises(BadReward, match="more than 2 files"):
        load(lay("import m0, m1, m2\ndef reward_function(p): return 1.0\n", **files))


def test_a_runs_reward_reads_the_copies_and_nothing_else_of_the_run(several, tmp_path, paid):
    run = tmp_path / "run"
    for name, content in load(several).copies().items():
        (run / name).parent.mkdir(parents=True, exist_ok=True)
        raw = content if isinstance(content, bytes) else content.encode()
        (run / name).write_bytes(raw)
    (run / "manifest.json").write_text("{}")
    expected = paid(several, "worker")
    assert load(run / "reward.py").sha256 == load(several).sha256
    assert paid(run / "reward.py", "worker") == paid(run / "reward.py", "inprocess") == expected
    shutil.rmtree(run / "reward_files")
    (run / "table.json").write_text('{"a": 1.0}')
    assert not load(run / "reward.py").beside.files
