"""The one catalogue of words: English as pages have it in their code, and German."""

from __future__ import annotations

import tomllib
from importlib import resources

PLAYER = "player"  # the part that a replay file carries


def german(*parts: str) -> dict[str, str]:
    """English → German; of these parts of the catalogue, or of all."""
    text = (resources.files("racer.render") / "words.toml").read_text("utf-8")
    found: dict[str, dict[str, str]] = tomllib.loads(text)
    return {en: de for part in parts or found for en, de in found[part].items()}
