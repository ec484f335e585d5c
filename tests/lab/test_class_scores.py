"""Scores of a class over servers that are killed."""

import os
import random
import signal
import subprocess
import sys
import time

import pytest
from class_kills import killed

from racer.lab.core.classroom.store import Store

SERVER = """
import sys
from pathlib import Path
from racer.lab.core.classroom.store import Store
store = Store(Path(sys.argv[1]))
settings = dict(title="r", track="oval", laps=1, ranking="best", resets=0, penalty_s=0)
try: race = store.open_race(settings)
except Exception: race = store.race()["id"]
try: store.join("Anna", "progress")
except Exception: pass
print("ready", flush=True)
for line in sys.stdin:
    key = line.strip()
    number, _ = store.enter(race, 1, key, "folder of " + key, "draft")
    print("entered", key, flush=True)
    for one in store.waiting():
        store.score(one["entry"], {"score_s": float(one["entry"])})
    print("scored", key, flush=True)
"""


def killed_servers(folder, kills, seed):
    """Servers that are killed at random moments: keys that were answered, and the file."""
    rng, file, sent, answered = random.Random(seed), folder / "class.sqlite", 0, []
    for _ in range(kills):
        server = subprocess.Popen(
            [sys.executable, "-c", SERVER, str(file)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert server.stdout.readline() == "ready\n"
        keys = [f"key-{sent + k:06}" for k in range(200)]
        server.stdin.write("".join(f"{key}\n{key}\n" for key in keys))  # each one twice
        server.stdin.flush()
        time.sleep(rng.random() * 0.05)
        os.kill(server.pid, signal.SIGKILL)
        heard = [
            line.split() for line in server.communicate()[0].splitlines(True) if line[-1] == "\n"
        ]
        answered += [words[1] for words in heard if words[0] == "entered"]
        sent += 200
    return set(answered), file


def no_score_lost_or_doubled(folder, kills, seed):
    answered, file = killed_servers(folder, kills, seed)
    store = Store(file)
    for one in store.waiting():  # what a start after a kill does
        store.score(one["entry"], {"score_s": float(one["entry"])})
    rows = store.read(
        "SELECT key, count(*) AS n FROM entries JOIN scores ON entry = id GROUP BY key"
    )
    counts = {row["key"]: row["n"] for row in rows}
    assert set(counts.values()) == {1}
    assert answered <= set(counts)
    assert store.read("PRAGMA integrity_check") == [{"integrity_check": "ok"}]
    store.close()
    return len(answered)


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_no_score_is_lost_or_doubled_when_servers_are_killed(tmp_path):
    assert no_score_lost_or_doubled(tmp_path, 6, seed=1) > 0


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_no_score_is_lost_or_doubled_over_200_kills(tmp_path):
    assert no_score_lost_or_doubled(tmp_path, 200, seed=2) > 200


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="a class is for Linux")
def test_a_class_that_is_killed_while_everybody_submits_loses_nothing(tmp_path):
    found = killed(tmp_path, 4, seed=1)
    assert found["answered"] > 0
    assert (found["lost"], found["doubled"], found["orphans"], found["whole"]) == (0, 0, 0, True)
