"""A run driven on another track: `racer evaluate RUN --track T --json -`, in a process of its own.

The lab computes nothing that the command cannot, and runs nothing of a run itself.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from racer.errors import ResourceError, UsageError

PATIENCE_S = 600.0
TOLD = ("laps", "laps_completed", "completion_pct", "best_lap_s")
# The command, which ends when what it reads from has ended: with the lab, however that ends.
COMMAND = (
    "import runpy, sys; from racer.process.parent import die_at_end_of; die_at_end_of(0); "
    "sys.argv[0] = 'racer'; runpy.run_module('racer', run_name='__main__')"
)


class Elsewhere:
    """Drives one run after the other."""

    def __init__(self) -> None:
        self._one = threading.Lock()
        self._process: subprocess.Popen[str] | None = None

    def drive(self, folder: Path, track: str, runs_dir: Path) -> dict[str, Any]:
        """What the command says of a run on a track.

        Raises:
            UsageError: it cannot be driven there; in the command's sentence.
            ResourceError: it took ten minutes.
        """
        options = [f"--track={track}", "--json=-", f"--runs-dir={runs_dir}"]
        command = [sys.executable, "-c", COMMAND, "evaluate", str(folder), *options]
        with self._one:
            process = self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                text=True, encoding="utf-8", errors="replace",
            )  # fmt: skip
            with process:
                out, problem = self._heard(process)
        if process.returncode:
            sentence = problem.strip().rpartition("\n")[2].removeprefix("racer: ")
            raise UsageError(sentence[:500] or "the process that drove it has ended.")
        found: dict[str, Any] = json.loads(out)
        return {name: found[name] for name in TOLD}

    def _heard(self, process: subprocess.Popen[str]) -> tuple[str, str]:
        assert process.stdin is not None
        stdin, process.stdin = process.stdin, None  # stays open: its end is the process's
        try:
            return process.communicate(timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            raise ResourceError("it drove for ten minutes and did not finish.") from None
        finally:
            process.kill()
            stdin.close()

    def close(self) -> None:
        """End what drives."""
        if self._process is not None:
            self._process.kill()
