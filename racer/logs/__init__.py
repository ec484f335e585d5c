"""Logs of the official simulator: read, checked against the engine, replayed, written."""

from racer.logs.fidelity import Fidelity, check_fidelity
from racer.logs.find import open_logs, read_one
from racer.logs.log import LOG, LOG_STATUSES, Log
from racer.logs.parity import Parity, check_parity
from racer.logs.recompute import Recomputed, recompute

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
