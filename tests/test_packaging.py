"""What is published works elsewhere: the wheel in an empty folder, the source package whole."""

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LESSONS = ROOT / "racer" / "reward" / "lessons"
SHORT = ["--timesteps", "512", "--num-envs", "8", "--laps", "1"]
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
        archive.extractall(folder, filter="data")
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


def test_a_wheel_lists_every_lesson(elsewhere):
    listed = elsewhere("racer", "reward", "list")
    for path in LESSONS.glob("*.py"):
        assert path.stem in listed


def test_a_wheel_trains_evaluates_and_films_with_its_defaults(elsewhere):
    elsewhere("racer", "train", *SHORT)
    assert "completion" in elsewhere("racer", "evaluate", "latest", "--laps", "1")
    elsewhere("racer", "watch", "latest", "--video", "laps.mp4")
    assert (elsewhere.folder / "empty" / "laps.mp4").stat().st_size > 0


def test_a_wheel_draws_a_reward(elsewhere):
    elsewhere("racer", "reward", "map", "progress", "--png", "map.png")
    assert (elsewhere.folder / "empty" / "map.png").stat().st_size > 0


def test_a_wheel_makes_the_gymnasium_environment(elsewhere):
    code = "import gymnasium; print(gymnasium.make('racer:Racer-v0').reset(seed=0)[0].shape)"
    assert elsewhere("python", "-c", code).strip() == "(21,)"


def test_a_wheel_measures_itself(elsewhere):
    assert "RacerEnv" in elsewhere("racer", "bench", "engine", "--quick")
