"""Objects that can be named from the text, as plain functions and variables.

    class Reward:                         r__last = None
        def __init__(self):               def r__pay(params):
            self.last = None       →          global r__last
        def pay(self, params):                r__last = params["speed"]
            self.last = params["speed"]
    r = Reward()

Attributes of classes become globals, too. An object made inside a function lives for one call:
what only its `__init__` sets becomes variables there, handed to its methods; the rest becomes
globals that are forgotten when it is made. A class whose objects are passed on, kept in lists or
inherit is left alone and refused where it is used.
"""

from __future__ import annotations

import ast
import copy
from dataclasses import dataclass, field

from racer.reward.compiler.passes.objects.classes import Class, Refused
from racer.reward.compiler.passes.objects.replace import Replacement


@dataclass
class Objects:
    """What became of a file's objects.

    Attributes:
        refused: name → line and construct, of what was left alone.
        places: global that a pass has made → how Python says it, `r.last`; "" if for one call.
    """

    refused: dict[str, tuple[int, str]] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)


def flatten(tree: ast.Module) -> Objects:
    """Replace objects in `tree`, in place, wherever all uses of them are plain."""
    found = Objects()
    for node in [n for n in tree.body if isinstance(n, ast.ClassDef)]:
        trial, places = copy.deepcopy(tree), dict[str, str]()
        try:
            Replacement(Class(node.name, trial), trial, places).put()
        except Refused as why:
            found.refused[node.name] = why.args
        else:
            tree.body[:] = trial.body
            found.places |= places
    return found
