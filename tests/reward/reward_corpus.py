"""The reward files of the corpus, and what is expected of each."""

import json
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"
MANIFEST = json.loads((CORPUS / "manifest.json").read_text(encoding="utf-8"))


def corpus(kind, *verdicts):
    """Names of the files of a kind, those with one of `verdicts` when given."""
    return [
        name
        for name, entry in MANIFEST.items()
        if name.startswith(f"{kind}/") and (not verdicts or entry["verdict"] in verdicts)
    ]
