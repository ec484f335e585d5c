"""The Dockerfile names what exists, pins what it installs, and installs what a service imports."""

import importlib.metadata
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from made_runs import made_run
from packaging.requirements import Requirement

from racer.export.onnx import write_onnx

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "Dockerfile").read_text("utf-8").replace("\\\n", " ")


def steps(word):
    return re.findall(rf"^{word} +(.*)$", TEXT, re.MULTILINE)


def installed():
    """The packages that the Dockerfile asks for by name."""
    (line,) = re.findall(r"--constraint /constraints.txt +([\w -]+?) +&&", TEXT)
    return [name.lower() for name in line.split()]


def plain(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def test_what_it_copies_is_there_and_not_ignored():
    kept = (ROOT / ".dockerignore").read_text("utf-8").split()
    for line in steps("COPY"):
        if "--from=" not in line:
            for name in line.split()[:-1]:
                assert (ROOT / name.removeprefix("./")).exists(), name
                assert f"!{name.removeprefix('./')}" in kept


def test_it_runs_as_nobody_in_particular_and_says_whether_it_lives():
    assert steps("USER") == ["10001"]
    assert "/health" in "".join(steps("HEALTHCHECK"))
    assert steps("ENTRYPOINT") == ['["racer", "serve", "--host", "0.0.0.0"]']


def test_every_package_is_pinned():
    pinned = {plain(line.split("==")[0]) for line in constraints()}
    assert {plain(name) for name in installed()} <= pinned


def constraints():
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    return [line for line in lines if "==" in line]


def test_they_are_all_that_a_service_needs(tmp_path, python):
    """Every other library of this environment is hidden, and the service answers."""
    found, queue = {"racer"}, [plain(name) for name in installed()]
    while queue:
        name = queue.pop()
        if name not in found:
            found.add(name)
            wanted = map(Requirement, importlib.metadata.requires(name) or ())
            queue += [plain(r.name) for r in wanted if not r.marker or r.marker.evaluate()]
    known = importlib.metadata.packages_distributions().items()
    hidden = [module for module, names in known if not found & set(map(plain, names))]
    made = write_onnx(made_run(tmp_path / "runs"), tmp_path / "car.onnx")
    code = f"""
import sys
class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {hidden!r}:
            raise ModuleNotFoundError(name, name=name)
sys.meta_path.insert(0, Hidden())
from racer import cli, console
from racer.serve import app, log, served, server
import rich.console, uvicorn, PIL.Image, uvicorn.protocols.http.auto, uvicorn.loops.auto
policy = served.load({str(made.path)!r}, None)
app.make_app(policy)
print(policy.about.name)
"""
    assert "made" in python(code)


@pytest.mark.skipif(not shutil.which("hadolint"), reason="hadolint is not installed")
def test_hadolint_finds_nothing():
    done = subprocess.run(["hadolint", ROOT / "Dockerfile"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")
