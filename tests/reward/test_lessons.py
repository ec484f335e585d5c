"""The examples that ship: each is a lesson, and pays a finite number wherever a car can be."""

import ast

import numpy as np
import pytest

from racer.reward import load, make_engine
from racer.reward.file import FOLDERS

LESSONS = sorted(FOLDERS[1].glob("*.py"))


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_pays_a_finite_number_everywhere(path, waypoints, rows):
    engine = make_engine(path, n=len(rows), waypoints=waypoints, engine="inprocess")
    out = np.full(len(rows), np.nan)
    engine.compute(rows.copy(), None, out)
    assert np.isfinite(out).all()
    assert len(np.unique(out)) > 1  # it teaches something


def test_lessons_are_numbered_from_one():
    docs = [ast.get_docstring(load(path).tree) or "" for path in LESSONS]
    numbers = sorted(int(doc.split(":")[0].removeprefix("Lesson ")) for doc in docs)
    assert numbers == list(range(1, len(LESSONS) + 1))
