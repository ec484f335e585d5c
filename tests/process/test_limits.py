"""What the system lets a process use."""

import os
import subprocess
import sys

import pytest

from racer.process import limits

CODE = """
import resource
from racer.process.limits import limit_cpu
resource.setrlimit(resource.RLIMIT_CPU, {before})
limit_cpu(60)
print(*resource.getrlimit(resource.RLIMIT_CPU))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limits")
@pytest.mark.parametrize(
    ("before", "after"), [((1000, 1000), "60 65"), ((50, 50), "50 50"), ((50, 62), "60 62")]
)
def test_a_limit_of_processor_time_stays_below_one_that_is_there(before, after):
    code = CODE.format(before=before)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.split() == after.split(), done.stderr


def test_cores_that_this_process_may_not_use_do_not_count(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3, 5}, raising=False)
    assert limits.cores() == 2
    monkeypatch.delattr(os, "sched_getaffinity")  # as on Windows and macOS
    assert limits.cores() == 64
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert limits.cores() == 1


LESS = """
import os, resource
from racer.reward.worker import sandbox
resource.setrlimit(resource.RLIMIT_NOFILE, (50, 50))
if os.getuid() == 0:
    os.setuid(65534)  # who may not raise a limit
print(sandbox.limit(), *resource.getrlimit(resource.RLIMIT_NOFILE))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="macOS does not limit memory")
def test_a_reward_is_limited_where_less_is_allowed_already():
    done = subprocess.run([sys.executable, "-c", LESS], capture_output=True, text=True)
    assert done.stdout.split() == ["True", "50", "50"], done.stderr
