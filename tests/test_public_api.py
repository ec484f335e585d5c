"""`import racer`: a complete, sorted public API that costs next to nothing."""

import inspect
import subprocess
import sys

import pytest

import racer


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


@pytest.mark.parametrize("name", ["Track", "Race", "RacerEnv", "RacerVectorEnv", "Config"])
def test_driving_needs_no_torch(python, name):
    loaded = python(f"import sys, racer; racer.{name}; print(*sys.modules)").split()
    assert not {"torch", "stable_baselines3", "pygame", "matplotlib"} & set(loaded)


def test_type_hints_ship():
    from pathlib import Path

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
