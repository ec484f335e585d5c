"""A sweep on a real Ray cluster of this machine, with a worker that is killed in the middle.

Ray has an environment of its own, because it brings packages that the project pins otherwise:
`make ray` sets it up, and RACER_RAY_PYTHON names another one.
"""

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from sweeping import OPTIONS, ROOT, Here, new, wait_for, weights

from racer.sweep.folder import Folder
from racer.sweep.run import run

PYTHON = Path(os.environ.get("RACER_RAY_PYTHON", ROOT / ".venv-ray" / "bin" / "python"))
WORDS = ("--vary", "reward=center_line,progress", "--seeds", "3")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PYTHON.exists(), reason="Ray is not installed; `make ray` does it"),
    pytest.mark.skipif(sys.platform != "linux", reason="workers are found in /proc"),
]


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@pytest.fixture
def cluster():
    """The address of `ray start --head`, and a word in the environment of its processes."""
    mark, port = secrets.token_hex(8), free_port()
    options = ["--include-dashboard=false", "--disable-usage-stats", "--num-cpus=2", "--block"]
    process = subprocess.Popen(
        [PYTHON.with_name("ray"), "start", "--head", f"--port={port}", *options],
        env=os.environ | {"PYTHONPATH": str(ROOT), "RACER_TEST": mark},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    yield f"127.0.0.1:{port}", mark
    process.terminate()
    process.wait(timeout=60)


def busy(mark):
    """Workers of this cluster that have trained or are training."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            named = (folder / "cmdline").read_bytes().startswith(b"ray::work")
            if named and mark.encode() in (folder / "environ").read_bytes():
                found.append(int(folder.name))
    return found


def test_a_worker_that_is_killed_in_the_middle_loses_nothing(cluster, tmp_path):
    address, mark = cluster
    words = [*WORDS, *OPTIONS, "--folder", tmp_path / "s", "--engine", "ray", "--address", address]
    process = subprocess.Popen(
        [PYTHON, "-m", "racer", "sweep", *map(str, words)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert wait_for(lambda: list(tmp_path.glob("s/runs/0*")) or process.poll() is not None)
    assert wait_for(lambda: busy(mark) or process.poll() is not None)
    os.kill(busy(mark)[0], signal.SIGKILL)
    out, err = process.communicate(timeout=600)
    assert process.returncode == 0, err
    assert "6 of 6 runs are finished" in out
    here = new(tmp_path / "here", WORDS[1], seeds=3)
    run(here, Here())
    assert weights(Folder(tmp_path / "s")) == weights(here)
