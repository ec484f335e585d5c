"""The one catalogue of words: English as pages have it in their code, and German."""

from __future__ import annotations

import functools
import json
import tomllib
from collections.abc import Collection
from importlib import resources

PLAYER = ("player", "recorded")  # the parts that a replay file carries
SENTENCES = ("recorded", "said")  # parts with sentences that Python makes


@functools.cache
def catalogue() -> dict[str, dict[str, str]]:
    """Part → English → German."""
    text = (resources.files("racer.render") / "words.toml").read_text("utf-8")
    found: dict[str, dict[str, str]] = tomllib.loads(text)
    return found


def script(parts: Collection[str] = ()) -> str:
    """The words of these parts, or of all, as a module: `german`, and which of them are `said`."""
    words = {part: found for part, found in catalogue().items() if not parts or part in parts}
    german = {en: de for found in words.values() for en, de in found.items()}
    said = [en for part in SENTENCES for en in words.get(part, ()) if "{" in en]
    texts = (json.dumps(one, ensure_ascii=False, separators=(",", ":")) for one in (german, said))
    return "export const german = {}, said = {};\n".format(*texts)


def in_language(sentence: str, accepts: str) -> str:
    """A sentence for a page without scripts.

    Args:
        sentence: English.
        accepts: the header Accept-Language of the request.
    """
    if not accepts.strip().lower().startswith("de"):
        return sentence
    return next((part[sentence] for part in catalogue().values() if sentence in part), sentence)
