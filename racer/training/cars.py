"""What a run records of its car, and how that of now differs: vehicle and actions may be files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from racer import actions, vehicles
from racer.config import RaceConfig


def recorded(config: RaceConfig) -> dict[str, Any]:
    """Fields of the manifest: names, and hashes of what is in the files.

    Raises:
        UnknownName, BadInput, BadConfig, BadActions: a name or file that cannot be used.
    """
    vehicle = vehicles.numbers(vehicles.load(config.vehicle))
    return {
        "vehicle": {"name": config.vehicle, "sha256": _sha256(vehicle)},
        "actions": {"name": config.actions, "sha256": _sha256(repr(actions.load(config.actions)))},
    }


def changed(manifest: Mapping[str, Any], config: RaceConfig) -> list[str]:
    """How the car of now differs from that which a run records, by the same names."""
    found = []
    for kind, now in recorded(config).items():
        before = manifest.get(kind, now)
        if before.get("name") == now["name"] and before.get("sha256") != now["sha256"]:
            what = "has other numbers" if kind == "vehicle" else "are others"
            found.append(f"the {kind} {now['name']} {what} than when the run began")
    return found


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
