"""Hurt a training in every way of the fault list and print a table: `make faults`.

python -m tests.faults [--short] [ID ...]
"""

from __future__ import annotations

import argparse
import contextlib
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import fault_disk  # noqa: F401  registers
import fault_load  # noqa: F401
import fault_power  # noqa: F401
import fault_process  # noqa: F401
from fault_harness import FAULTS, Effort


def main() -> int:
    """Run the faults; 1 when one of them did harm."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "ids", nargs="*", metavar="ID", help=f"of {', '.join(FAULTS)}; default: all"
    )
    parser.add_argument("--short", action="store_true", help="few trials of each")
    args = parser.parse_args()
    failed = 0
    # In a script's background Ctrl-C is ignored, and every child would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    print(f"{'id':<4} {'result':<7} {'time':>7}  what was done, and what came of it")
    for name in args.ids or FAULTS:
        fault = FAULTS[name.upper()]
        folder = Path(tempfile.mkdtemp(prefix=f"racer-{name}-"))
        began = time.monotonic()
        try:
            told, result = fault.inject(Effort(long=not args.short), folder), "ok"
        except Exception as error:  # a fault that cannot be injected is no proof either
            told, result = f"HARM: {type(error).__name__} {error} (kept: {folder})", "FAILED"
            failed += 1
        seconds = time.monotonic() - began
        print(f"{name:<4} {result:<7} {seconds:>5.0f} s  {fault.title}: {told}", flush=True)
        if result == "ok":
            with contextlib.suppress(OSError):
                shutil.rmtree(folder)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
