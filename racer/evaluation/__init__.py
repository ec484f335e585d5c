"""Drive a policy by the rules and say how far and how fast it went.

One loop (`drive`) serves `racer evaluate`, the choice of the best policy while training, and time
trials; the rules of the clock (`protocol`) say what is forgiven, and all end in one `Result`.
"""

from racer.evaluation.drive import Driver, evaluate, make_scorer, time_trial
from racer.evaluation.protocol import PROTOCOLS, Protocol, protocol
from racer.evaluation.result import Lap, Result

__all__ = [
    "PROTOCOLS",
    "Driver",
    "Lap",
    "Protocol",
    "Result",
    "evaluate",
    "make_scorer",
    "protocol",
    "time_trial",
]
