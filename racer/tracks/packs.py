"""Packs: several tracks from one text, in the order named; what cannot be used is left out.

| text | means |
|---|---|
| `generated:30` | circuits of the seeds 0 to 29, see racer.tracks.generate |
| `generated:30:100` | circuits of the seeds 100 to 129 |
| `tracks/mine` | every track file of the folder, by name |
| `oval,bean,my.npy` | these, each of which may also be one of the above |

A file of a folder that is broken, or the same road once more, is left out and named: one bad file
of a hundred must not cost the other ninety-nine.
"""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakValueDictionary

from racer.errors import BadConfig, BadTrack
from racer.process import paths
from racer.tracks.track import GENERATED, SUFFIXES, Track

MOST = 1000  # tracks; each has 0.6 MB of geometry, and takes 0.1 s to index
_ALIVE: WeakValueDictionary[tuple[str, str], Track] = WeakValueDictionary()


@dataclass(frozen=True)
class Pack:
    """Tracks that are all different roads, and a sentence for each that was left out."""

    tracks: tuple[Track, ...]
    left_out: tuple[str, ...]


def load(text: str) -> Pack:
    """The tracks that `text` means; see the table above.

    Raises:
        UnknownName: a name that no track has.
        BadConfig: `generated:` with impossible numbers, or more than MOST tracks.
        BadTrack: a folder without track files, or none that can be used.
    """
    named = [name for part in text.split(",") for name in _names(part.strip())]
    if not named:
        raise BadConfig(
            f"tracks = {text!r} names none. Try generated:30, a folder, or names with commas."
        )
    if len(named) > MOST:
        raise BadConfig(f"tracks = {text!r} names {len(named)}; at most {MOST} are raced on.")
    found: dict[str, Track] = {}
    sources: dict[str, str] = {}  # as named here; a shared track was first loaded from elsewhere
    left_out: list[str] = []
    for name in named:
        try:
            track = Track.load(name)
        except BadTrack as error:
            left_out.append(str(error))
            continue
        if track.sha256 in found:
            left_out.append(f"{name} is the same road as {sources[track.sha256]}.")
        else:
            found[track.sha256], sources[track.sha256] = shared(track), track.source
    if not found:
        more = f" ({len(left_out) - 1} more)" if len(left_out) > 1 else ""
        raise BadTrack(f"tracks = {text!r} has no track that can be used: {left_out[0]}{more}")
    return Pack(tuple(found.values()), tuple(left_out))


def shared(track: Track) -> Track:
    """The same track as it was loaded before, if it is still in use: it may be indexed already."""
    return _ALIVE.setdefault((track.name, track.sha256), track)


def _names(part: str) -> list[str]:
    """What `Track.load` takes, for one part of a text."""
    if part.startswith(GENERATED):
        return _generated(part)
    if not part:
        return []
    folder = paths.expanded(part)
    if part in Track.names() or not paths.is_folder(folder):
        return [part]
    names = sorted(
        str(path)
        for path in folder.iterdir()
        if path.suffix in SUFFIXES and path.stem[0] not in "._" and path.is_file()
    )
    if not names:
        raise BadTrack(f"the folder {part} holds no track: no {', '.join(SUFFIXES)} in it.")
    return names


def _generated(part: str) -> list[str]:
    numbers = part.removeprefix(GENERATED).split(":")
    if not (len(numbers) <= 2 and all(n.isdecimal() and len(n) < 19 for n in numbers)):
        raise BadConfig(
            f"tracks = {part!r}; write generated:COUNT or generated:COUNT:SEED, e.g. generated:30."
        )
    count, first = int(numbers[0]), int(numbers[1]) if len(numbers) == 2 else 0
    if not 1 <= count <= MOST:
        raise BadConfig(f"tracks = {part!r}; from 1 to {MOST} tracks can be generated.")
    return [f"{GENERATED}{seed}" for seed in range(first, first + count)]
