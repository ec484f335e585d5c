"""What a run records of its tracks, and how those of now differ from them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from racer.config import RaceConfig
from racer.tracks import Track


def recorded(config: RaceConfig, tracks: Sequence[Track]) -> dict[str, Any]:
    """Fields of the manifest: names and hashes, so that every machine can tell the same roads.

    Of several, `track` stands for all of them and `tracks` lists each, where it came from too:
    `generated:7` is made anew from its seed.
    """
    if config.tracks is None:
        return {"track": {"name": tracks[0].name, "sha256": tracks[0].sha256}}
    digest = hashlib.sha256("".join(one.sha256 for one in tracks).encode()).hexdigest()
    count = f"{len(tracks)} track{'s' if len(tracks) > 1 else ''}"
    return {
        "track": {"name": f"{count}: {config.tracks}", "sha256": digest},
        "tracks": [
            {"name": one.name, "sha256": one.sha256, "source": one.source} for one in tracks
        ],
    }


def changed(manifest: Mapping[str, Any], config: RaceConfig, tracks: Sequence[Track]) -> list[str]:
    """How the tracks of now differ from those that a run records, a sentence part each."""
    if recorded(config, tracks)["track"]["sha256"] == manifest.get("track", {}).get("sha256"):
        return []
    before = {one.get("name"): one.get("sha256") for one in manifest.get("tracks", [])}
    now = {one.name: one.sha256 for one in tracks}
    if config.tracks is None or not before:
        return [f"the track {config.where} has another geometry"]
    lost = [name for name in before if name not in now]
    other = [name for name in before if name in now and now[name] != before[name]]
    new = [name for name in now if name not in before]
    parts = (("missing", lost), ("of another geometry", other), ("new", new))
    found = [f"{_named(names)} {what}" for what, names in parts if names]
    return found or [f"the tracks of {config.tracks} are in another order"]


def _named(names: Sequence[Any], most: int = 5) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    verb = "is" if len(names) == 1 else "are"
    kind = "track" if len(names) == 1 else "tracks"
    return f"the {kind} {', '.join(map(str, names[:most]))}{more} {verb}"
