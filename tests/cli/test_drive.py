"""Driving by hand: keys to wheels within a step, real time, laps kept as recordings."""

import numpy as np
import pygame
import pytest

from racer.cli.drive import Seat
from racer.errors import UsageError
from racer.recording.trace import Trace
from racer.render.cockpit import Cockpit, Controls, steered

DT = 1 / 15


@pytest.fixture
def seat():
    return Seat("oval", "deepracer", "continuous")


@pytest.fixture
def cockpit(seat):
    return Cockpit(seat.drive.race.track, seat.step, seat.restart, DT)


def held(*keys):
    return lambda key: key in keys


def follow(seat):
    """An action that follows the centre line, from the observation."""
    obs = seat.drive._obs.astype(float)[0]
    angle = np.arctan2(obs[10], obs[9])
    steer = np.clip(1.5 * np.degrees(angle) / 30.0, -1.0, 1.0)
    return np.array([[steer, -0.3]], np.float32)


def test_a_key_turns_the_wheels_in_the_very_next_step(cockpit, seat):
    cockpit.frame(1.01 * DT, held(pygame.K_UP))
    assert seat.drive.race.cars["steer"][0] == 0.0
    cockpit.frame(1.01 * DT, held(pygame.K_UP, pygame.K_LEFT))
    assert seat.drive.race.commands[0, 0] > 0.0
    cockpit.frame(1.01 * DT, held(pygame.K_UP, pygame.K_LEFT))
    assert seat.drive.race.cars["steer"][0] > 0.0


def test_the_clock_waits_for_the_driver_and_then_runs_in_real_time(cockpit, seat):
    for _ in range(60):
        cockpit.frame(1 / 60, held())
    assert len(cockpit.now.rows) == 0
    for _ in range(60):
        cockpit.frame(1 / 60, held(pygame.K_UP))
    assert len(cockpit.now.rows) == 15


def test_a_hiccup_is_not_caught_up_with_blind_steps(cockpit):
    cockpit.frame(5.0, held(pygame.K_UP))
    assert len(cockpit.now.rows) <= 3


def test_the_car_is_shown_between_its_states(cockpit):
    cockpit.frame(0.3, held(pygame.K_UP))
    xs = []
    for _ in range(40):
        cockpit.frame(1 / 60, held(pygame.K_UP))
        xs.append(cockpit._pose().x)
    moved = np.diff(xs)
    assert (moved > 0).all()
    assert moved.max() < 2.5 * np.median(moved)


def test_steering_grows_while_a_key_is_held_and_returns_faster():
    steer = 0.0
    for _ in range(15):
        steer = steered(steer, 1, 1 / 60)
    assert steer == pytest.approx(1.0)
    assert steered(steer, 0, 1 / 60) < steer
    assert steered(0.05, 0, 1.0) == 0.0
    assert steered(1.0, -1, 0.1) == pytest.approx(0.2)


def test_keys_and_gamepad_are_actions():
    controls = Controls()
    assert controls.action(held(pygame.K_w), 0.1)[0, 1] == 1.0
    assert controls.action(held(pygame.K_s), 0.1)[0, 1] == -1.0
    controls.pad = Pad(left=-16000, gas=32767)
    controls.steer = 0.0
    steer, speed = controls.action(held(), 0.1)[0]
    assert steer == pytest.approx(16000 / 32767)
    assert speed == pytest.approx(1.0)
    assert controls.wants_to_go(held())


class Pad:
    def __init__(self, left=0, gas=0, brake=0):
        self.axes = {
            pygame.CONTROLLER_AXIS_LEFTX: left,
            pygame.CONTROLLER_AXIS_TRIGGERRIGHT: gas,
            pygame.CONTROLLER_AXIS_TRIGGERLEFT: brake,
        }

    def get_axis(self, axis):
        return self.axes[axis]


def test_laps_are_kept_as_a_recording_and_fly_on(seat, tmp_path, capsys):
    seat.restart()
    while len(seat.drive.laps) < 2:
        moment = seat.step(follow(seat))
    assert not moment.standing
    assert "last lap" in moment.message
    path = seat.keep("ada", str(tmp_path / "laps" / "mine.npz"))
    trace = Trace.load(path)
    assert [lap.complete for lap in trace.laps()][:2] == [True, True]
    assert trace.meta["driver"] == "ada"
    assert trace.meta["lap_times_s"] == [lap.time_s for lap in seat.drive.laps]
    assert "lap complete" in capsys.readouterr().out


def test_off_the_road_one_stands_at_the_line_again(cockpit, seat):
    for _ in range(400):
        cockpit.frame(DT * 1.01, held(pygame.K_UP, pygame.K_LEFT))
        if cockpit.now.standing:
            break
    assert seat.drive.laps[-1].status == "off_track"
    assert "off track at" in cockpit.now.message
    assert len(cockpit.now.rows) == 0
    assert seat.drive.race.cars["v"][0] == 0.0


def test_restarting_drops_the_lap(cockpit, seat):
    cockpit.frame(DT * 2.1, held(pygame.K_UP))
    cockpit.handle(pygame.event.Event(pygame.KEYDOWN, key=pygame.K_r))
    assert len(seat.drive.laps) == 0
    assert len(cockpit.now.rows) == 0


def test_a_list_of_choices_cannot_be_steered():
    with pytest.raises(UsageError, match="--actions discrete is a list of choices"):
        Seat("oval", "deepracer", "discrete")


def test_it_paints_at_any_size_and_with_help(cockpit):
    cockpit.frame(0.3, held(pygame.K_UP))
    cockpit.help = cockpit.follow = True
    for size in ((1280, 720), (300, 200), (1, 1)):
        cockpit.draw(pygame.Surface(size, 0, 32))


def test_nothing_driven_keeps_nothing(seat, tmp_path, capsys):
    assert seat.keep("ada", str(tmp_path / "x.npz")) is None
    assert not (tmp_path / "x.npz").exists()


def test_a_lap_is_told_in_percent_of_optimal_with_the_live_gap(seat):
    from racer.cli.watch import pace_of

    pace = pace_of(seat.drive.race.track, seat.config)
    seat.restart()
    while not seat.drive.laps:
        moment = seat.step(follow(seat))
    share = float(moment.message.split(", ")[1].split(" %")[0])
    official = 100.0 * seat.known.standing_s / seat.drive.laps[0].time_s
    assert share == pytest.approx(official, rel=0.04)  # whose clock counts two steps more
    cockpit = Cockpit(seat.drive.race.track, seat.step, seat.restart, DT, (), pace)
    cockpit.frame(0.2, held(pygame.K_UP))
    cockpit.draw(pygame.Surface((1280, 720), 0, 32))
    assert pace.ghost.gap(cockpit.now.rows, DT)[-1] > 0.0  # from standstill, against a flying lap
