"""The docs are true: every command in them runs, every example works, every option is there."""

import contextlib
import importlib.util
import pkgutil
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import docs_reference
import pytest
from service import serving

import racer
from racer import cli, registry, reward, vehicles
from racer.reward_check import speed
from racer.tracks import Track

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
QUICK = ["--timesteps", "512", "--num-envs", "4", "--laps", "1"]  # instead of what is written
RATES = ["--timesteps", "512", "--num-envs", "4", "--seeds", "1", "--rates", "1e-3"]
SWEEP = [*QUICK, "--seeds", "1", "--workers", "1"]
ALL_TEXT = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
SHELL = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"^ {4,}((?:racer|python train_agent\.py) .*)$", re.MULTILINE)
PYTHON = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def commands(page):
    """Every command line that a reader is told to type."""
    text = page.read_text(encoding="utf-8")
    lines = [line for block in SHELL.findall(text) for line in block.splitlines()]
    lines += INDENTED.findall(re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))
    return [line.partition("  #")[0].strip() for line in lines if line.strip()]


@pytest.fixture(autouse=True)
def one_tick(monkeypatch):
    """A reward's speed is measured for one tick of the clock; how long is no matter of the docs."""
    monkeypatch.setattr(speed, "ENOUGH", 1e-9)
    monkeypatch.setattr(speed, "LEAST", 1e-9)


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    """A folder as after `git clone`, with one run in it and README's reward written."""
    folder = tmp_path_factory.mktemp("docs")
    (folder / "rewards").mkdir()
    for path in (ROOT / "rewards").glob("*.py"):
        (folder / "rewards" / path.name).write_text(path.read_text())
    for source in PYTHON.findall((ROOT / "README.md").read_text()):
        if source.startswith("# rewards/mine.py"):
            (folder / "rewards" / "mine.py").write_text(source)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert cli.main(["train", *QUICK]) == 0
    return folder


def run(line):
    """Exit code of a documented command, shortened where it trains."""
    words = shlex.split(line)
    if words[:2] == ["python", "train_agent.py"]:  # the same arguments, the same code
        words = ["racer", "train", *words[2:]]
    assert words[0] == "racer", line
    if words[1] == "bench":  # tests/bench measures
        cli.build(words[1:]).parse_args(words[1:])
        return 0
    if words[1] == "train":
        return cli.main(shortened(words[1:], QUICK))
    if words[1] == "learning-rates":
        return cli.main(shortened(words[1:], RATES))
    if words[1] == "sweep" and not {"show", "--resume"} & set(words):
        return cli.main(shortened(words[1:], SWEEP))
    return cli.main(words[1:])


def shortened(words, quick):
    """The same command with the values of `quick` in the place of its own."""
    kept = [
        word
        for number, word in enumerate(words)
        if word not in quick[::2] and words[number - 1] not in quick[::2]
    ]
    return [*kept, *quick]


def test_the_pages_hold_commands():
    assert sum(len(commands(page)) for page in PAGES) > 15


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_runs(page, workplace, monkeypatch, capsys):
    monkeypatch.chdir(workplace)
    for other in sorted((workplace / "runs").iterdir())[1:]:  # `latest` of another page
        shutil.rmtree(other)
    with contextlib.ExitStack() as services:
        run_all(page, services, workplace, capsys)


def run_all(page, services, workplace, capsys):
    """Every command of a page in order; services go on until its end."""
    makefile = (ROOT / "Makefile").read_text()
    port = 0
    for line in commands(page):
        if line.startswith(". .venv"):
            continue
        if line.startswith("racer serve"):
            _, port = services.enter_context(serving(*shlex.split(line)[2:], cwd=workplace))
            continue
        if line.startswith("sh examples/"):
            url = f"http://127.0.0.1:{port}"
            if shutil.which("sh") and shutil.which("curl"):
                subprocess.run(["sh", ROOT / line.split()[1], url], check=True)
            continue
        if line.startswith("make "):
            assert re.search(rf"^{line.split()[1]}:", makefile, re.MULTILINE), line
            continue
        code = run(line)
        if line.startswith(("racer reward check", "racer gate")):
            assert code in (0, 1), line  # 1: it found something to say
            continue
        window = line.startswith("racer watch") and "--video" not in line
        # a window on a machine without a display is refused with exit code 5
        assert code == 0 or (window and code == 5), (line, capsys.readouterr().err)


def examples():
    for page in PAGES:
        for number, source in enumerate(PYTHON.findall(page.read_text(encoding="utf-8")), 1):
            yield pytest.param(page, source, id=f"{page.name}-{number}")


@pytest.mark.parametrize(("page", "source"), list(examples()))
def test_every_python_example_runs(page, source, tmp_path, monkeypatch):
    (tmp_path / "rewards").symlink_to(ROOT / "rewards")
    monkeypatch.chdir(tmp_path)
    file = tmp_path / f"{page.stem.replace('-', '_')}_example.py"
    file.write_text(source)
    spec = importlib.util.spec_from_file_location(file.stem, file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    scope = vars(module)
    if "reward_function" in scope:
        assert cli.main(["reward", "check", str(file)]) in (0, 1)
    if page.name == "add-an-observation.md":
        try_observation(scope["Observation"])
    if page.name == "add-a-command.md":
        import argparse

        parser = argparse.ArgumentParser()
        scope["add_arguments"](parser)
        scope["run"](parser.parse_args(["oval"]))


def try_observation(observation):
    import numpy as np

    from racer.sim.scene import Scene
    from racer.sim.types import CAR

    view = observation(vehicles.load("deepracer"))
    cars, out = np.zeros(3, CAR), np.zeros((3, *view.space.shape), np.float32)
    cars["n"] = 0.1
    road = np.zeros(3, np.int64)
    tracks = ((Track.load("oval").arrays,),)
    mask = np.array([True, False, True])
    view.bind(Scene(cars, np.zeros((3, 2)), mask, np.arange(3), road, tracks), out)()
    assert out[:, 1].tolist() == np.array([0.1, 0.0, 0.1], np.float32).tolist()


def test_the_reference_is_what_the_program_says():
    written = docs_reference.REFERENCE.read_text()
    assert written == docs_reference.reference(), "run: python -m tests.docs_reference"


def test_the_floors_in_how_it_works_are_those_that_are_checked():
    written = docs_reference.HOW_IT_WORKS.read_text()
    assert written == docs_reference.how_it_works(), "run: python -m tests.docs_reference"


def test_the_table_of_params_is_what_the_simulation_gives():
    written = docs_reference.REWARDS.read_text(encoding="utf-8")
    assert written == docs_reference.rewards(), "run: python -m tests.docs_reference"
    pages = [page for page in PAGES if "| `closest_waypoints` |" in page.read_text("utf-8")]
    assert pages == [docs_reference.REWARDS]  # one table; other pages link to it


@pytest.mark.parametrize(
    "name",
    [*vehicles.names(), *registry.modules("racer.observations"), *reward.names(), *cli.commands()],
)
def test_every_plug_in_is_named_in_the_docs(name):
    assert re.search(rf"\b{re.escape(name)}\b", ALL_TEXT), name


def test_ci_types_what_the_readme_says_for_windows():
    text = (ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8")
    readme = (ROOT / "README.md").read_text("utf-8")
    (said,) = re.findall(r"^```powershell\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)
    typed = [line.strip() for line in text.splitlines()]
    for line in said.splitlines():
        assert line.replace("py -3.11", "python") in typed, line


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_pictures_exist(page):
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_how_it_works_names_every_package():
    table = docs_reference.HOW_IT_WORKS.read_text("utf-8").split("## The house")[1]
    named = set(re.findall(r"^\| `(\w+)/?` \|", table, re.MULTILINE))
    modules = {module.name for module in pkgutil.iter_modules(racer.__path__)} - {"__main__"}
    assert named == modules


def test_files_named_in_how_it_works_exist():
    text = docs_reference.HOW_IT_WORKS.read_text()
    for path in re.findall(r"`((?:racer|tests)/[\w/]+\.py)`", text):
        assert (ROOT / path).is_file(), path
