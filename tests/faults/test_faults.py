"""The quick part of the fault list, few trials of each; `make faults` is the long form of all."""

from __future__ import annotations

import re
from pathlib import Path

import fault_disk  # noqa: F401  registers
import fault_load  # noqa: F401
import fault_power  # noqa: F401
import fault_process  # noqa: F401
import pytest
from fault_harness import FAULTS, Effort

ELSEWHERE = ("B6", "B7")  # are tests of their own
SLOWER = ("A7", "B10", "F2", "T10")
QUICK = [name for name in FAULTS if name not in ELSEWHERE + SLOWER]


# Newer Pythons warn of forking with threads; torch's pool is not used in these trainings.
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize(
    "name", [*QUICK, *(pytest.param(name, marks=pytest.mark.slow) for name in SLOWER)]
)
def test_fault_does_no_harm(name, tmp_path):
    assert FAULTS[name].inject(Effort(long=False), tmp_path)


def test_the_list_in_the_docs_is_the_list():
    page = Path(__file__).resolve().parents[2] / "docs" / "development" / "reliability.md"
    documented = re.findall(r"^\| ([ABFT]\d+) \|", page.read_text(), re.MULTILINE)
    faults = [name for name in documented if not name.startswith("T") or name in FAULTS]
    assert set(FAULTS) <= set(faults)
