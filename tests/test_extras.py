"""An extra brings all that its commands import; the base needs none of them."""

import importlib.metadata
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))
NEEDS = {  # what each extra is for, as its command imports it
    "onnx": "import onnx, onnxruntime; from racer.export import graph, onnx",
    "serve": "import uvicorn, onnxruntime; from racer.serve import app, drift, log, server",
    "cloud": "import fsspec, s3fs; from racer.release import remote",
}


def plain(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def closure(asked):
    """Every distribution that comes with those asked for, as far as they are installed here."""
    found, queue = set(), [Requirement(text) for text in asked]
    while queue:
        wanted = queue.pop()
        key = plain(wanted.name), frozenset(wanted.extras)
        if key in found or (wanted.marker and not wanted.marker.evaluate({"extra": ""})):
            continue
        found.add(key)
        try:
            more = map(Requirement, importlib.metadata.requires(wanted.name) or ())
        except importlib.metadata.PackageNotFoundError:
            continue
        extras = ["", *wanted.extras]
        queue += [
            Requirement(str(r).partition(";")[0])
            for r in more
            if not r.marker or any(r.marker.evaluate({"extra": name}) for name in extras)
        ]
    return {name for name, _ in found}


@pytest.mark.parametrize("extra", NEEDS)
def test_an_extra_is_enough(extra, python):
    project = PROJECT["project"]
    asked = project["dependencies"] + project["optional-dependencies"][extra]
    here = closure(asked) | {"racer"}
    known = importlib.metadata.packages_distributions().items()
    hidden = [module for module, names in known if not here & set(map(plain, names))]
    assert {"pytest", "hypothesis"} <= set(hidden)
    python(f"""
import importlib.util, sys
hidden, look = {hidden!r}, importlib.util.find_spec
class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in hidden:
            raise ModuleNotFoundError(name, name=name)
sys.meta_path.insert(0, Hidden())
importlib.util.find_spec = lambda name, *x: name.split(".")[0] not in hidden and look(name, *x)
{NEEDS[extra]}
""")


def test_the_base_has_none_of_them():
    base = {Requirement(text).name for text in PROJECT["project"]["dependencies"]}
    for extra in NEEDS:
        brought = {Requirement(x).name for x in PROJECT["project"]["optional-dependencies"][extra]}
        assert not base & brought
