"""What is the best possible here: reference laps, their lines, and where a lap loses to them."""

from racer.raceline.bound import Bound, bound
from racer.raceline.line import POINT, Bend, bends, csv_text, points_of, reward_list, waypoint_at
from racer.raceline.loss import Loss, losses, worst
from racer.raceline.reference import LINE, Reference, lap_of
from racer.raceline.search import driven, search
from racer.raceline.setup import RULES, Setup
from racer.raceline.store import find, offer

__all__ = [
    "LINE",
    "POINT",
    "RULES",
    "Bend",
    "Bound",
    "Loss",
    "Reference",
    "Setup",
    "bends",
    "bound",
    "csv_text",
    "driven",
    "find",
    "lap_of",
    "losses",
    "offer",
    "points_of",
    "reward_list",
    "search",
    "waypoint_at",
    "worst",
]
