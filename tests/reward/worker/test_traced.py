"""What a traced call did, as the trainer reads it; whether a file remembers anything."""

import json

import pytest

from racer.reward import load
from racer.reward.worker import tracing
from racer.reward.worker.traced import read, remembers

MEMORIES = [
    ("", False),
    ("import math\nTOP = 4.0\nEDGES = (1.0, -2.0)\n", False),
    ("seen = []\n", True),
    ("import random\n", True),
    ("def other(x, seen=[]):\n    return x\n", True),
    ("def count(p):\n    count.n = 1\n", True),
    ("def count(p):\n    import time\n    return time.time()\n", True),
    ("class A:\n    n = 0\n", True),
]


@pytest.mark.parametrize(("head", "expected"), MEMORIES)
def test_whether_a_file_remembers_is_read_from_its_text(write, head, expected):
    text = head + "def reward_function(params):\n    return 1.0\n"
    assert remembers(load(write(text))) == expected


def test_what_the_guarded_process_writes_is_data_of_a_stranger():
    good = [3, 1, "f", {"x": "1"}, [[0, 1.0, None, None]]]
    wrong = [b"", b"{", b"[]", b'{"events":1,"cut":0}', b"[" * 10_000]
    for one in ([], [1], [-1, *good[1:]], [3, 1, "f", {"x": 1}, []], [3, 1, "f", {}, [[1]]]):
        wrong.append(json.dumps({"events": [good, one], "cut": False}).encode())
    for raw in wrong:
        call = read(raw, 1.0, 0, "", "")
        assert (call.events, call.cut) == ((), True)
    long = json.dumps({"events": [[3, 1, "f\x1b[2J", {"x": "y" * 999}, []]], "cut": 0}).encode()
    (event,) = read(long, 1.0, 0, "", "").events
    assert event.function == "f?[2J"
    assert len(event.changed["x"]) == tracing.TEXT
