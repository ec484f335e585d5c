"""What was proven about a reward is kept beside its kernel, and only for what was proven."""

import os
import pickle
import secrets
from contextlib import closing

import pytest

from racer.config import RaceConfig
from racer.race import make_race
from racer.reward import load, make_engine
from racer.reward.compiler import engine as compiler
from racer.reward.compiler import verdicts
from racer.reward.compiler.sample import plausible_rows

UNTYPED = (
    "def reward_function(params):\n    x = 'a' if params['steps'] else {0}\n    return len([x])\n"
)


@pytest.fixture
def new(write):
    """A reward that no cache holds yet."""
    number = secrets.randbits(50) / 2**50
    text = f"def reward_function(params):\n    return params['speed'] + {number}\n"
    return load(write(text))


@pytest.fixture
def proofs(monkeypatch):
    """How many rows each proof so far compared."""
    done = []

    def prove(engine, python, rows):
        done.append(len(rows))
        return len(rows)

    monkeypatch.setattr(compiler, "prove", prove)
    return done


def _made(file, waypoints, **options):
    with closing(make_engine(file, n=2, waypoints=waypoints, **options)) as made:
        return made.name, made.why, made.why_not


def test_a_reward_is_proven_once(new, waypoints, proofs):
    first = _made(new, waypoints)
    assert len(proofs) == 1
    assert _made(new, waypoints) == first
    assert first[1] == "compiled; equal to Python on 1500 rows"
    assert len(proofs) == 1


def test_another_road_or_other_driven_rows_are_proven_anew(new, waypoints, proofs):
    rows = plausible_rows(waypoints, 10)
    _made(new, waypoints)
    _made(new, waypoints[:60] + waypoints[:1])
    _made(new, waypoints, sample_rows=lambda: rows)
    _made(new, waypoints, sample_rows=lambda: rows, sample_of=b"one")
    _made(new, waypoints, sample_rows=lambda: rows, sample_of=b"two")
    assert len(proofs) == 1 + 1 + 2 + 2 + 2
    _made(new, waypoints, sample_rows=None, sample_of=b"two")  # known: nothing is driven
    assert len(proofs) == 8


@pytest.mark.parametrize(
    "text", ["", "{", "[1]", '{"rows": true, "why_not": ""}', "\xff", "[" * 9999]
)
def test_a_damaged_verdict_is_proven_anew(text, new, waypoints, proofs):
    _made(new, waypoints)
    path = verdicts.own_folder() / f"verdict_{verdicts.key(new, waypoints, b'')}.json"
    path.write_text(text, encoding="latin-1")
    assert _made(new, waypoints)[0] == "compiled"
    assert len(proofs) == 2
    assert verdicts.read(path.stem.removeprefix("verdict_")) == verdicts.Verdict(1500)


@pytest.mark.skipif(os.name != "posix", reason="rights of folders")
def test_a_folder_that_others_may_write_is_not_trusted(new, waypoints, monkeypatch, tmp_path):
    monkeypatch.setattr(verdicts, "CACHE_FOLDER", str(tmp_path / "kernels"))
    name = verdicts.key(new, waypoints, b"")
    verdicts.write(name, verdicts.Verdict(1500))
    assert verdicts.read(name) == verdicts.Verdict(1500)
    (tmp_path / "rewards").chmod(0o777)
    assert verdicts.read(name) is None


def test_what_cannot_be_compiled_is_compiled_once(write, waypoints, monkeypatch):
    text = UNTYPED.format(secrets.randbits(50))
    first = _made(load(write(text)), waypoints)
    monkeypatch.setattr(compiler, "build", None)  # a second compilation fails
    again = _made(load(write(text, "other.py")), waypoints)
    assert again[2] == first[2].replace("mine.py", "other.py")
    assert "other.py:2: `x = 'a' if" in again[2]


def test_types_that_never_end_are_followed_once(new, waypoints, monkeypatch):
    def endless(text, folder):
        raise RecursionError

    with monkeypatch.context() as patch:
        patch.setattr(compiler, "_kernel", endless)
        first = _made(new, waypoints)
    monkeypatch.setattr(compiler, "build", None)
    assert _made(new, waypoints) == first
    assert first[0] == "worker"


def test_a_refusal_of_this_moment_is_not_kept(new, waypoints, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(compiler, "_kernel", lambda text, folder: pickle.loads(b""))
        assert _made(new, waypoints)[0] == "worker"
    assert _made(new, waypoints)[0] == "compiled"


def test_a_race_starts_without_a_proof_the_second_time(new, proofs, monkeypatch):
    config = RaceConfig(reward=str(new.path))
    make_race(config, 2).reward.close()
    assert len(proofs) == 2
    monkeypatch.setattr("racer.race.drivers.drive", None)
    make_race(config, 4).reward.close()
    assert len(proofs) == 2
