"""Workers of this machine die alone."""

import os
import subprocess
import sys

import pytest

from racer.sweep import engines


class Order:
    """What a worker calls as soon as it has it, before it finds that this is no order."""

    def __init__(self, call, *words):
        self._told = call, words

    def __reduce__(self):
        return self._told


@pytest.fixture
def engine():
    engine = engines.start("loky", address=None, workers=2)
    yield engine
    engine.stop()


def test_a_worker_that_dies_takes_no_other_with_it(engine, tmp_path):
    go = tmp_path / "go"
    wait = f"import os, time\nwhile not os.path.exists({str(go)!r}): time.sleep(0.05)"
    waits = engine.submit(Order(subprocess.run, [sys.executable, "-I", "-c", wait]))
    assert engine.lost(engine.submit(Order(os._exit, 9)).exception(300)) == "ended by EXIT(9)"
    after = engine.submit(Order(os.getpid)).exception(300)  # in a new process
    assert not waits.done()
    go.touch()
    for error in (after, waits.exception(300)):
        assert isinstance(error, AttributeError)  # it was no order
        assert not engine.lost(error)
