"""Forty-odd hostile reward files: contained, reported with file and line, nothing touched."""

import os
import re
import socket
import sys
import threading

import numpy as np
import pytest
from reward_corpus import CORPUS, MANIFEST, corpus

from racer.errors import BadReward, RewardFailed
from racer.reward import make_engine

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the full lock needs Linux")


@pytest.fixture(scope="module")
def listener():
    """A TCP port that counts who connects."""
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(0.2)
    seen, stop = [], threading.Event()

    def accept():
        while not stop.is_set():
            try:
                seen.append(server.accept())
            except TimeoutError:
                continue

    thread = threading.Thread(target=accept)
    thread.start()
    yield server.getsockname()[1], seen
    stop.set()
    thread.join()
    server.close()


@pytest.mark.parametrize("name", corpus("hostile"))
def test_a_hostile_reward_is_contained(name, listener, tmp_path, monkeypatch, waypoints, rows):
    port, seen = listener
    canary = tmp_path / "canary"
    canary.write_text("alive")
    mode = canary.stat().st_mode
    monkeypatch.setenv("RACER_TEST_SECRET", "42")
    text = (CORPUS / name).read_text(encoding="utf-8")
    text = text.replace("@CANARY@", str(canary)).replace("@PORT@", str(port))
    path = tmp_path / name.rpartition("/")[2]
    path.write_text(text.replace("@PARENT@", str(os.getpid())), encoding="utf-8")

    rewards, error = _run(path, waypoints, rows)

    expected = MANIFEST[name]
    if expected["verdict"] == "blocked":
        assert error is None
        assert set(rewards) == {1.0}
    else:
        kind = BadReward if expected["verdict"] == "bad" else RewardFailed
        assert type(error) is kind
        assert re.search(expected["says"], str(error)), str(error)
        assert re.search(r"\.py:\d+: ", str(error))
    assert canary.read_text() == "alive"
    assert canary.stat().st_mode == mode
    assert not seen


def _run(path, waypoints, rows):
    """Rewards of 4 rows and the error, if any; the engine ends what hangs."""
    out, error = np.zeros(4), None
    try:
        engine = make_engine(path, n=4, waypoints=waypoints)
        try:
            assert engine.name == "compiled" or "locked fully" in engine.why
            engine.compute(rows[:4].copy(), None, out)
            engine.compute(rows[4:8].copy(), None, out)
        finally:
            engine.close()
    except (BadReward, RewardFailed) as caught:
        error = caught
    return out, error
