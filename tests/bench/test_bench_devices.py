"""Which device to train on is decided by the time to the goal, and what is not known is said."""

import json

import pytest

from racer import cli
from racer.bench import devices
from racer.bench.devices import Choice, Measured

ONE, TWO, GPU = Choice("features", "cpu", 1), Choice("features", "cpu", 2), Choice("x", "cuda", 1)


def trained(choice, *goals, energy=None):
    return [
        Measured(choice, seed, 10_000, 4.0, 3.0, 0.5, goal, energy or {})
        for seed, goal in enumerate(goals)
    ]


def test_the_faster_device_to_the_goal_is_the_one_to_use():
    said = devices.advice([*trained(ONE, 9.0, 10.0, 11.0), *trained(TWO, 5.0, 5.0, None)])
    assert said[0].startswith("features: use cpu with 2 threads, 5.0 s.")
    assert "cpu with 1 thread: 2.0 times as long" in said[0]


def test_alike_means_fewer_threads():
    (said, _) = devices.advice([*trained(ONE, 5.5), *trained(TWO, 5.0)])
    assert "use cpu with 1 thread, 5.5 s" in said
    assert "let the other cores train other seeds" in said


def test_a_seed_that_never_arrives_is_infinitely_late():
    (row,) = devices.rows(trained(ONE, 5.0, None, None), {"cpu": 1.0})
    assert row[4:7] == ["0.5", "never", "5.0..never"]
    assert row[-1] == ""


def test_price_is_time_times_the_hour_and_energy_is_said_to_be_missing():
    (row,) = devices.rows(trained(ONE, 36.0), {"cpu": 0.5})
    assert (row[-2], row[-1]) == ("not read", "0.005")
    (row,) = devices.rows(trained(ONE, 36.0, energy={"CPU": 123.4, "GPU": 9.6}), {})
    assert (row[-2], row[-1]) == ("CPU 123 GPU 10", "")


def test_without_a_gpu_nothing_is_said_of_one():
    assert "nothing is known of one" in devices.advice(trained(ONE, 1.0))[-1]
    assert "nothing is known" not in " ".join(devices.advice(trained(GPU, 1.0)))


def test_the_command_measures_what_is_here(tmp_path, capsys):
    """Too short for anyone to arrive, so that it does not depend on the machine."""
    file = tmp_path / "all.json"
    words = ["bench", "devices", "--seeds", "1", "--seconds", "0.001", "--json", str(file)]
    assert cli.main([*words, "--price", "cpu=0.05", "--threads", "1"]) == 0
    said = capsys.readouterr().out
    assert "none arrived in time" in said
    found = json.loads(file.read_text())["trainings"]
    cpu = [one["choice"]["threads"] for one in found if one["choice"]["device"] == "cpu"]
    assert cpu == [1]
    assert len(found) == 1 + len(devices.gpus())


def test_threads_are_powers_of_two_unless_they_are_given(monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 6)
    assert [one.threads for one in devices.choices(["x"]) if one.device == "cpu"] == [1, 2, 4]
    given = devices.choices(["x", "y"], [3])
    assert [one.observation for one in given if one.device == "cpu"] == ["x", "y"]
    assert {one.threads for one in given if one.device == "cpu"} == {3}


@pytest.mark.parametrize("threads", ["", "1,", "two"])
def test_threads_that_are_none_are_refused(threads, capsys):
    with pytest.raises(SystemExit, match="2"):
        cli.main(["bench", "devices", "--threads", threads])
    assert "--threads" in capsys.readouterr().err


@pytest.mark.parametrize("price", ["cpu", "tpu=1", "cpu=x"])
def test_a_price_that_is_none_is_refused(price, capsys):
    assert cli.main(["bench", "devices", "--price", price]) == 2
    assert "--price" in capsys.readouterr().err
