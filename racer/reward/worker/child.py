"""What the worker engine starts as a program: it imports `guarded` and nothing else of racer.

The packages around that are made of their folders alone, because their `__init__` import NumPy and
numba: starting would take a second, and the reward's process would hold what it should not have.
So everything that `guarded` imports is written with the standard library only.
"""

import os
import sys
import types
from pathlib import Path


def bare(name: str, folder: Path) -> None:
    """A package whose modules can be imported, without its `__init__`."""
    package = types.ModuleType(name)
    package.__path__ = [str(folder)]
    sys.modules[name] = package


if __name__ == "__main__":
    bare("racer", Path(__file__).parents[2])
    bare("racer.reward", Path(__file__).parents[1])
    from racer.reward.worker import guarded

    guarded.main()
    os._exit(0)
