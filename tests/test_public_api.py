"""`import racer`: a complete, sorted public API that costs next to nothing."""

import ast
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import racer

ROOT = Path(__file__).resolve().parent.parent
PYTHON = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_all_is_sorted_and_complete():
    assert racer.__all__ == sorted(racer.__all__)
    assert set(racer.__all__) <= set(dir(racer))
    for name in racer.__all__:
        assert getattr(racer, name).__name__ == name


def test_every_public_name_is_explained_in_the_module_and_by_itself():
    for name in racer.__all__:
        assert name in racer.__doc__, name
        assert inspect.getdoc(getattr(racer, name)), name


def test_unknown_attributes_are_attribute_errors():
    with pytest.raises(AttributeError, match="Trakc"):
        _ = racer.Trakc


def test_the_version_is_the_packages():
    import importlib.metadata

    assert racer.__version__ == importlib.metadata.version("racer")


HEAVY = {"torch", "stable_baselines3", "pygame", "matplotlib", "numba", "gymnasium", "numpy"}


def test_import_racer_loads_nothing_heavy(python):
    loaded = python("import sys, racer; print(*sys.modules)").split()
    assert not HEAVY & set(loaded)


def used_names(source):
    """What an example takes from racer: dotted, as `racer.Track` or `from racer import Track`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names if a.name.startswith("racer."))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "racer":
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "racer":
            yield f"racer.{node.attr}"


def examples():
    """Every Python example in README and docs, and the script on the first page."""
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        for source in PYTHON.findall(page.read_text(encoding="utf-8")):
            yield page.name, source
    yield "train_agent.py", (ROOT / "train_agent.py").read_text(encoding="utf-8")


# The command line's own pieces, which train_agent.py shares so that its options are the same.
COMMAND_LINE = ("racer.cli.",)


def test_readme_docs_and_script_use_exported_names_only():
    allowed = {f"racer.{name}" for name in [*racer.__all__, "__version__"]}
    found = {(where, name) for where, source in examples() for name in used_names(source)}
    assert len(found) > 8
    assert [
        (where, name)
        for where, name in sorted(found)
        if name not in allowed and not name.startswith(COMMAND_LINE)
    ] == []


def test_type_checkers_see_every_public_name():
    tree = ast.parse(Path(racer.__file__).read_text(encoding="utf-8"))
    branch = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {
        alias.name: node.module
        for node in branch.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == racer._HOMES
    assert sorted(seen) == racer.__all__


LIGHT = ["Track", "Race", "RacerEnv", "RacerVectorEnv", "Config", "Listener", "Rules", "Run"]


@pytest.mark.parametrize("name", LIGHT)
def test_driving_needs_no_torch(python, name):
    loaded = python(f"import sys, racer; racer.{name}; print(*sys.modules)").split()
    assert not {"torch", "stable_baselines3", "pygame", "matplotlib"} & set(loaded)


def test_type_hints_ship():
    assert (Path(racer.__file__).parent / "py.typed").is_file()


def test_python_dash_m_racer_is_the_command():
    done = subprocess.run(
        [sys.executable, "-m", "racer", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == f"racer {racer.__version__}"


def test_no_public_name_hides_a_module():
    """`racer.train` would be a function or a module, depending on who imported what first."""
    import pkgutil

    modules = {module.name for module in pkgutil.iter_modules(racer.__path__)}
    assert not modules & set(racer.__all__)
