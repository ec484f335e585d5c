"""Memory left is what machine, container and process leave; running out of it is told."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from racer.process import memory

GIB = 2**30


@pytest.mark.parametrize(
    ("names", "stat"),
    [
        (("memory.max", "memory.current", "memory.stat"), "inactive_file"),
        (
            ("memory.limit_in_bytes", "memory.usage_in_bytes", "memory.stat"),
            "total_inactive_file",
        ),
    ],
)
def test_a_container_leaves_its_limit_less_what_is_used_and_not_cache(
    tmp_path, monkeypatch, names, stat
):
    folder = tmp_path / "memory" if "total" in stat else tmp_path
    folder.mkdir(exist_ok=True)
    contents = (4 * GIB, 3 * GIB, f"anon 7\n{stat} {GIB}")
    for name, content in zip(names, contents, strict=True):
        (folder / name).write_text(f"{content}\n")
    monkeypatch.setattr(memory, "_CGROUPS", tmp_path)
    assert memory._group() == 2 * GIB
    (folder / names[0]).write_text("max\n")
    assert memory._group() == float("inf")


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux")
def test_a_limit_of_the_process_counts():
    code = f"""
import resource
from racer.process import memory
used = 4096 * int(open("/proc/self/statm").read().split()[0])
resource.setrlimit(resource.RLIMIT_AS, (used + 300 * 2**20, {resource.RLIM_INFINITY}))
assert 250 * 2**20 < memory.free() <= 301 * 2**20, memory.free()
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_torch_and_numpy_running_out_are_both_told():
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**58, dtype=torch.uint8)
    assert memory.ran_out(caught.value)
    assert str(memory.shortage(caught.value)).startswith("not enough memory: ")
    assert memory.ran_out(MemoryError())
    assert str(memory.shortage(MemoryError())).startswith("not enough memory. Use fewer cars")
    assert not memory.ran_out(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
