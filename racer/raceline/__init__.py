"""What is the best possible here: reference laps, their lines, and where a lap loses to them."""

from racer.raceline.reference import LINE, Reference
from racer.raceline.search import search
from racer.raceline.setup import RULES, Setup
from racer.raceline.store import find, offer

__all__ = ["LINE", "RULES", "Reference", "Setup", "find", "offer", "search"]
