"""What is published works elsewhere: the wheel in an empty folder, the source package whole."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

from racer.process import limits
from racer.sim import jit

KEPT = bool(jit.CACHE_FOLDER) and not jit.SWITCHED_OFF
ROOT = Path(__file__).resolve().parent.parent
LESSONS = ROOT / "racer" / "reward" / "lessons"
SHORT = ["--timesteps", "512", "--num-envs", "8", "--laps", "1"]
FIRST_START = """
import json
from racer.config import RaceConfig
from racer.race import make_race
from racer.sim import precompile, step

ahead = precompile.ahead(camera=False)
make_race(RaceConfig(), 2, with_reward=False).reset()
found = {}
for kernel in (step.advance_kinematic, step.reset, step.begin):
    hits, misses = kernel.stats.cache_hits, kernel.stats.cache_misses
    found[kernel.__name__] = [sum(hits.values()), sum(misses.values())]
child = precompile._beside
print(json.dumps([ahead, found, None if child is None else child.returncode]))
"""
SEVERAL = "from racer.cli import main; import sys; sys.exit(any(map(main, {!r})))"
BUILD = {
    "sdist": "import setuptools.build_meta as b; b.build_sdist({!r})",
    "wheel": "import setuptools.build_meta as b; b.build_wheel({!r})",
}


def build(kind, source, folder):
    """Build `source` as pip does without build isolation: nothing is fetched."""
    folder.mkdir(exist_ok=True)
    code = BUILD[kind].format(str(folder))
    done = subprocess.run([sys.executable, "-c", code], cwd=source, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (made,) = folder.iterdir()
    return made


def not_in_git(folder, names):
    """What .gitignore names."""
    made = {"runs", "build", "dist", "reference", "site"} if Path(folder) == ROOT else set()
    return {n for n in names if n in made or n[0] == "." or n.endswith((".egg-info", "__"))}


@pytest.fixture(scope="module")
def sdist(tmp_path_factory):
    """The source package, unpacked."""
    folder = tmp_path_factory.mktemp("sdist")
    shutil.copytree(ROOT, folder / "checkout", ignore=not_in_git)
    with tarfile.open(build("sdist", folder / "checkout", folder / "made")) as archive:
        # before 3.11.4 there is no filter, and this archive is our own
        archive.extractall(
            folder, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {})
        )
    (unpacked,) = folder.glob("racer-*")
    return unpacked


@pytest.fixture(scope="module")
def elsewhere(sdist, tmp_path_factory):
    """Run a command in an empty folder, in a fresh environment with the wheel of the sdist."""
    folder = tmp_path_factory.mktemp("wheel")
    wheel = build("wheel", sdist, folder / "made")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    scripts = folder / "venv" / ("Scripts" if os.name == "nt" else "bin")
    python = scripts / "python"
    install = ["install", "--quiet", "--no-deps", "--no-index", wheel]
    subprocess.run([sys.executable, "-m", "pip", "--python", python, *install], check=True)
    place = {"base": str(folder / "venv"), "platbase": str(folder / "venv")}
    libraries = {sysconfig.get_path(kind) for kind in ("purelib", "platlib")}
    own = Path(sysconfig.get_path("purelib", vars=place))
    (own / "libraries.pth").write_text("\n".join(sorted(libraries)))  # torch and the others
    (folder / "empty").mkdir()
    environ = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    environ["RACER_CACHE"] = str(folder / "cache")  # empty, as a stranger's

    def run(command, *words):
        done = subprocess.run(
            [str(scripts / command), *words],
            cwd=folder / "empty",
            env=environ,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        return done.stdout

    run.folder, run.wheel = folder, wheel
    run.first_start = json.loads(run("python", "-c", FIRST_START))
    return run


def test_the_folder_of_examples_shows_the_lessons_of_the_package():
    shown = {path.name: path.read_bytes() for path in (ROOT / "rewards").glob("*.py")}
    assert shown == {path.name: path.read_bytes() for path in LESSONS.glob("*.py")}
    assert "center_line.py" in shown


def test_the_source_package_is_whole(sdist):
    """It builds the wheel, and holds the docs, the examples and the tests."""
    tests = {path.relative_to(ROOT) for path in (ROOT / "tests").rglob("*.py")}
    docs = {path.relative_to(ROOT) for path in (ROOT / "docs").rglob("*.md")}
    wanted = {Path("Makefile"), Path("constraints.txt"), Path("rewards/center_line.py")}
    missing = [path for path in sorted(tests | docs | wanted) if not (sdist / path).is_file()]
    assert missing == []


def test_a_wheel_holds_every_file_of_the_package(elsewhere):
    """Tracks, action spaces, reference laps: what is not Python is easily forgotten."""
    files = (path for path in (ROOT / "racer").rglob("*") if path.is_file())
    ours = (".pyc", ".md")  # made by Python, and written for who changes the package
    here = {path.relative_to(ROOT).as_posix() for path in files if path.suffix not in ours}
    with zipfile.ZipFile(elsewhere.wheel) as wheel:
        assert {name for name in wheel.namelist() if name.startswith("racer/")} == here


def test_a_wheel_is_the_package_that_runs(elsewhere):
    where = elsewhere("python", "-c", "import racer; print(racer.__file__)").strip()
    assert Path(where).is_relative_to(elsewhere.folder)


@pytest.mark.skipif(limits.cores() == 1 or not KEPT, reason="one core, or no cache")
def test_the_first_start_compiles_in_two_processes_and_a_later_one_in_none(elsewhere):
    loaded, compiled = [1, 0], [0, 1]
    kernels = {"advance_kinematic": loaded, "reset": loaded}
    assert elsewhere.first_start == [True, kernels | {"begin": compiled}, 0]
    later = json.loads(elsewhere("python", "-c", FIRST_START))
    assert later == [False, kernels | {"begin": loaded}, None]


def test_a_wheel_lists_every_lesson(elsewhere):
    listed = elsewhere("racer", "reward", "list")
    for path in LESSONS.glob("*.py"):
        assert path.stem in listed


def test_a_wheel_trains_evaluates_and_films_with_its_defaults(elsewhere):
    elsewhere("racer", "train", *SHORT)
    later = [
        ["evaluate", "latest", "--laps", "1"],
        ["watch", "latest", "--video", "laps.mp4"],
        ["reward", "map", "progress", "--png", "map.png"],
    ]
    assert "completion" in elsewhere("python", "-c", SEVERAL.format(later))
    for made in ("laps.mp4", "map.png"):
        assert (elsewhere.folder / "empty" / made).stat().st_size > 0


def test_a_wheel_makes_the_gymnasium_environment(elsewhere):
    code = "import gymnasium; print(gymnasium.make('racer:Racer-v0').reset(seed=0)[0].shape)"
    assert elsewhere("python", "-c", code).strip() == "(21,)"


@pytest.mark.slow  # what it needs is covered: a wheel trains by default and holds every file
def test_a_wheel_measures_itself(elsewhere):
    assert "RacerEnv" in elsewhere("racer", "bench", "engine", "--quick")
