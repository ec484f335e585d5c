"""Drive laps with a policy and measure how far and how fast it went.

One loop (`drive`) serves `racer evaluate`, time trials, and the choice of the best policy while
training (`scorer`). `protocol` holds the penalties of a time trial, `put_back` where its car goes
on after a fault. All of them return one `Result`.
"""

from racer.evaluation.drive import (
    evaluate,
    on_tracks,
    time_trial,
)
from racer.evaluation.protocol import PROTOCOLS, Protocol, protocol
from racer.evaluation.result import Lap, Result, TrackLaps
from racer.evaluation.scorer import judged_on, make_recorder, make_scorer
from racer.evaluation.several import Driver

__all__ = [
    "PROTOCOLS",
    "Driver",
    "Lap",
    "Protocol",
    "Result",
    "TrackLaps",
    "evaluate",
    "judged_on",
    "make_recorder",
    "make_scorer",
    "on_tracks",
    "protocol",
    "time_trial",
]
