"""docs/rewards.md says what the code does."""

from pathlib import Path

import pytest
from reward_corpus import MANIFEST

from racer.reward.worker.engine import CALL_LIMIT, IMPORT_LIMIT, MEAN_LIMIT

DOCS = Path(__file__).parents[2] / "docs" / "rewards.md"


@pytest.fixture(scope="module")
def page():
    return DOCS.read_text(encoding="utf-8")


def test_limits_and_counts_are_the_ones_in_force(page):
    assert f"A call may take {CALL_LIMIT:g} s, a batch {MEAN_LIMIT * 1e3:g} ms" in page
    assert f"executing the file {IMPORT_LIMIT:g} s" in page
    hostile = sum(name.startswith("hostile/") for name in MANIFEST)
    good = [entry["verdict"] for name, entry in MANIFEST.items() if name.startswith("good/")]
    assert f"has {hostile} hostile files" in page
    assert f"Of its {len(good)} good files {good.count('compiled')} compile" in page
