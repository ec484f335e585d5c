"""A class's file of people and scores."""

import pytest

from racer.lab.core.classroom.store import Store


@pytest.fixture
def store(tmp_path):
    made = Store(tmp_path / "class.sqlite")
    yield made
    made.close()
