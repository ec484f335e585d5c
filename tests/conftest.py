"""What every test shares: no window, one thread, the oval, a race of N, the reference data."""

import os

os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
os.environ.setdefault("SDL_AUDIODRIVER", "dummy")
os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # dozens of processes would parse racer anew

import signal
import subprocess
import sys
from pathlib import Path

import hypothesis
import numpy as np
import pytest
import reference_data

ROOT = Path(__file__).resolve().parent.parent
LONGEST = ("test_packaging.py", "test_docs.py", "test_reward_check.py", "test_faults.py")

hypothesis.settings.register_profile("racer", deadline=None)  # a first call compiles kernels
hypothesis.settings.load_profile("racer")

# Started in the background of a script, this process ignores Ctrl-C, and so would its children.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_sessionstart(session):
    """Compile the kernels once, before each of several workers finds an empty cache."""
    if session.config.getoption("numprocesses", None) and not hasattr(
        session.config, "workerinput"
    ):
        code = "import racer; env = racer.RacerEnv(); env.reset(seed=0); env.step([0.0, 0.0])"
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def pytest_collection_modifyitems(items):
    """The longest files first, so that two workers end together."""
    items.sort(key=lambda item: item.path.name not in LONGEST)


@pytest.fixture(scope="session")
def reference():
    """Folder of real tracks and logs: `make reference` fetches some; not part of the project."""
    folder = reference_data.find()
    if folder is None:
        pytest.skip("no reference data; fetch it with `make reference`, or set RACER_REFERENCE")
    return folder


@pytest.fixture(scope="session")
def real_tracks(reference):
    """Every closed DeepRacer track of the reference data."""
    from racer.errors import BadTrack
    from racer.tracks import Track

    tracks = []
    for path in sorted((reference / "tracks").glob("*.npy")):
        try:
            tracks.append(Track.load(path))
        except BadTrack:
            assert path.stem == "Straight_track"  # the open one
    return tracks


@pytest.fixture(scope="session")
def oval():
    from racer.tracks import Track

    return Track.load("oval")


@pytest.fixture
def race(oval):
    """Make a race: `race(n, track=..., vehicle="deepracer", actions=..., seed=0, **rules)`."""
    from racer import vehicles
    from racer.actions import Continuous
    from racer.config import Rules
    from racer.race import Race

    def make(
        n=1,
        *,
        track=None,
        vehicle="deepracer",
        actions=None,
        seed=0,
        reward=None,
        others=None,
        **rules,
    ):
        made = Race(
            track or oval,
            n,
            vehicle=vehicles.load(vehicle) if isinstance(vehicle, str) else vehicle,
            actions=actions or Continuous((-30.0, 30.0), (0.0, 4.0)),
            reward=reward,
            rules=Rules(**rules),
            others=others,
            seed=seed,
            all_params=True,
        )
        made.reset()
        return made

    return make


@pytest.fixture(scope="session")
def python():
    """Run Python code in a fresh process, in the repository; returns its stdout."""

    def run(code, **environ):
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", code],
            cwd=ROOT,
            env=os.environ | environ,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def drive(race, k=1.5):
    """Actions that follow the centre line: steer at the road 0.8 m ahead, slower in bends.

    Reads `features`: 9 and 10 are the centre line 0.8 m ahead in the car's frame.
    """
    obs = race.obs.astype(float)
    angle = np.arctan2(obs[:, 10], obs[:, 9])
    steer = np.clip(k * np.degrees(angle) / 30.0, -1.0, 1.0)
    speed = np.clip(0.2 - 1.5 * np.abs(angle), -0.7, 0.2)  # Continuous(…, (0, 4)): 0.6 to 2.4 m/s
    return np.stack([steer, speed], axis=1).astype(np.float32)


@pytest.fixture(scope="session")
def driver():
    return drive


@pytest.fixture(scope="module")
def browser():
    """Debian's Chromium, driven by Playwright; .ci/run installs it."""
    from shutil import which

    sync_api = pytest.importorskip("playwright.sync_api", reason="no Playwright to drive a browser")
    found = which("chromium") or which("chromium-browser")
    if found is None:
        pytest.skip("no chromium: apt-get install chromium")
    with sync_api.sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])


@pytest.fixture(scope="session")
def axe():
    """What axe finds on a Playwright page in both themes, one line for each rule that is broken."""
    package = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe")
    engine = package.Axe()
    of_colors = {"runOnly": ["color-contrast", "link-in-text-block"]}  # what a theme can break

    def broken(page):
        dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
        this, other = ("dark", "light") if dark else ("light", "dark")
        found = [(this, engine.run(page))]
        page.emulate_media(color_scheme=other)
        found.append((other, engine.run(page, options=of_colors)))
        page.emulate_media(color_scheme=this)
        page.evaluate("new Promise(requestAnimationFrame)")  # what follows a theme has heard of it
        return [
            f"{theme}: {rule['id']}: {rule['help']}: {node['html'][:200]}"
            for theme, run in found
            for rule in run.response["violations"]
            for node in rule["nodes"]
        ]

    return broken
