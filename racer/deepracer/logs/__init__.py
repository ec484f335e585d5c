"""Logs of the official simulator: read, checked against the engine, replayed, written."""

from racer.deepracer.logs.fidelity import Fidelity, check_fidelity
from racer.deepracer.logs.find import open_logs, read_one
from racer.deepracer.logs.log import LOG, LOG_STATUSES, Log
from racer.deepracer.logs.parity import Parity, check_parity
from racer.deepracer.logs.recompute import Recomputed, recompute

__all__ = [
    "LOG",
    "LOG_STATUSES",
    "Fidelity",
    "Log",
    "Parity",
    "Recomputed",
    "check_fidelity",
    "check_parity",
    "open_logs",
    "read_one",
    "recompute",
]
