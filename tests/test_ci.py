"""The workflow file is valid and runs README's two commands on every system that is promised."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


@pytest.fixture(scope="module")
def jobs():
    text = (ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8")
    found = yaml.safe_load(text)
    assert set(found[True]) == {"push", "pull_request"}  # YAML reads `on` as true
    return found["jobs"]


@pytest.fixture(scope="module")
def job(jobs):
    return jobs["readme"]


def test_it_runs_on_linux_macos_and_windows(job):
    systems = {name.partition("-")[0] for name in job["strategy"]["matrix"]["os"]}
    assert systems == {"ubuntu", "macos", "windows"}
    assert job["runs-on"] == "${{ matrix.os }}"
    assert job["strategy"]["fail-fast"] is False  # one system's failure hides no other's


def test_it_runs_the_lowest_and_the_newest_python_that_are_supported(job):
    versions = job["strategy"]["matrix"]["python"]
    assert all(isinstance(version, str) for version in versions)  # else 3.10 would be 3.1
    (lowest,) = re.findall(r">=(3\.\d+)$", PROJECT["requires-python"])
    minor = [re.fullmatch(r".* :: 3\.(\d+)", one) for one in PROJECT["classifiers"]]
    newest = f"3.{max(int(match[1]) for match in minor if match)}"
    assert versions == [lowest, newest]


def test_every_system_runs_both_commands_of_the_readme(job):
    """`make train` and `make test`; on Windows what README says in their place."""
    steps = [step for step in job["steps"] if "run" in step]
    for system, train, test in (
        ("Linux", "make train", "make test"),
        ("macOS", "make train", "make test"),
        ("Windows", "racer train", "python -m pytest"),
    ):
        text = "\n".join(step["run"] for step in steps if _counts(step.get("if", ""), system))
        assert train in text, system
        assert test in text, system


def test_the_lower_bounds_are_tried_with_both_commands_on_the_oldest_python(jobs):
    steps = jobs["oldest"]["steps"]
    (lowest,) = re.findall(r">=(3\.\d+)$", PROJECT["requires-python"])
    assert [s["with"]["python-version"] for s in steps if "setup-python" in s.get("uses", "")] == [
        lowest
    ]
    text = "\n".join(step.get("run", "") for step in steps)
    assert "--resolution lowest-direct -r pyproject.toml" in text
    assert "racer train" in text
    tested = re.findall(r"tests/\w+", text)
    assert tested
    assert all((ROOT / folder).is_dir() for folder in tested)


@pytest.mark.parametrize("text", PROJECT["dependencies"])
def test_each_dependency_has_a_lower_bound(text):
    assert ">=" in text


def test_each_extra_is_tried_alone(jobs):
    """But those of development, peers and rewards, which have no part of racer to themselves."""
    tried = {one["extra"] for one in jobs["extras"]["strategy"]["matrix"]["include"]}
    assert tried == set(PROJECT["optional-dependencies"]) - {"bench", "dev", "docs", "rewards"}


def test_each_action_has_a_version(jobs):
    for step in (step for job in jobs.values() for step in job["steps"]):
        if "uses" in step:
            assert re.fullmatch(r"[\w./-]+@v\d+", step["uses"])


def _counts(condition, system):
    """Does a step with this `if` run on `system`?"""
    if not condition:
        return True
    operator, name = re.fullmatch(r"runner\.os (==|!=) '(\w+)'", condition).groups()
    return (name == system) == (operator == "==")
