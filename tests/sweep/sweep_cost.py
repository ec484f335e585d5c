"""What a run of a sweep costs beside its training: `python -m tests.sweep.sweep_cost SWEEP`."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from racer.runs import Run
from racer.sweep import parcel
from racer.sweep.score import row_of

_TWICE = """
import os, sys
from racer import Config, train
small = {"train.timesteps": 512, "train.num_envs": 8, "train.n_steps": 64, "eval.laps": 1}
for _ in range(2):
    train(Config().override(small), runs_dir=sys.argv[1], quiet=True, pictures=False)
    print(sum(os.times()[:4]))
"""


def start_cost():
    """s of CPU until a new process trains: its first short run, less a second one's time."""
    with tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, "-c", _TWICE, folder]
        said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    first, both = map(float, said.split())
    return first - (both - first)


def cost(runs):
    """Means over runs: ms of CPU, ms by the clock, bytes, files."""
    files = [path for run in runs for path in run.folder.rglob("*") if path.is_file()]
    began = _cpu_s()
    sent = [parcel.pack(run, run.name) for run in runs]
    packed, clock = _cpu_s(), time.perf_counter()
    with tempfile.TemporaryDirectory(dir=runs[0].folder.parents[1]) as folder:
        for one in sent:
            parcel.unpack(one, Path(folder) / one.id)
        unpacked, clock = _cpu_s(), time.perf_counter() - clock
    for run in runs:
        row_of(run)
    means = {
        "packing, ms of CPU": 1e3 * (packed - began),
        "checking and unpacking, ms of CPU": 1e3 * (unpacked - packed),
        "checking and unpacking, ms by the clock": 1e3 * clock,
        "a row of the table, ms of CPU": 1e3 * (_cpu_s() - unpacked),
        "on the way, MB": sum(len(one.content) for one in sent) / 1e6,
        "on the disk, MB": sum(path.stat().st_size for path in files) / 1e6,
        "on the disk, files": len(files),
    }
    return {what: total / len(runs) for what, total in means.items()}


def _cpu_s():
    spent = os.times()
    return spent.user + spent.system


if __name__ == "__main__":
    print(f"{'start of a worker, s of CPU':40} {start_cost():.3g}")
    found = sorted(Path(sys.argv[1], "runs").glob("[0-9]*"))
    for what, mean in cost([Run(folder) for folder in found]).items():
        print(f"{what:40} {mean:.3g}")
