"""What is drawn stands where the car stands."""

import math

import numpy as np
import pytest

from racer.render import scene
from racer.render.scene import Pose
from racer.render.table import SPEED_COLORS
from racer.tracks import Track


def _wheels(pose):
    return [s.points for s in scene.car(pose) if s.color == scene.WHEEL]


def _direction(wheel):
    along = wheel[0] - wheel[1]  # front edge minus rear edge
    return math.atan2(along[1], along[0])


def test_front_wheels_turn_with_the_steering_and_rear_wheels_with_the_car():
    front_left, front_right, rear_left, rear_right = _wheels(Pose(2.0, 1.0, 0.7, 1.0, 0.3))
    assert _direction(front_left) == pytest.approx(1.0)
    assert _direction(front_right) == pytest.approx(1.0)
    assert _direction(rear_left) == pytest.approx(0.7)
    assert _direction(rear_right) == pytest.approx(0.7)


def test_wheels_stand_at_the_published_wheelbase():
    wheels = [w.mean(axis=0) for w in _wheels(Pose(5.0, -3.0, math.pi / 2, 0.0, 0.4))]
    front, rear = (wheels[0] + wheels[1]) / 2, (wheels[2] + wheels[3]) / 2
    assert front - rear == pytest.approx([0.0, 0.164])  # m, deepracer chassis
    assert (front + rear) / 2 == pytest.approx([5.0, -3.0])


def test_the_car_is_as_long_as_the_real_one():
    points = np.concatenate([s.points for s in scene.car(Pose(0, 0, 0, 0, 0))])
    assert np.ptp(points[:, 0]) == pytest.approx(0.324)
    assert np.ptp(points[:, 1]) < 0.2


def test_between_two_states_yaw_takes_the_short_way(playback):
    rows = playback.rows[:2].copy()
    rows["yaw"] = [3.1, -3.1]
    rows["x"] = [1.0, 2.0]
    pose = scene.pose_at(rows, 0.5)
    assert abs(pose.yaw) == pytest.approx(math.pi)
    assert pose.x == 1.5


def test_speed_colours_run_from_the_first_to_the_last_and_never_past():
    scale = scene.Scale(1.0, 3.0)
    assert scene.speed_color(-1.0, scale) == SPEED_COLORS[0]
    assert scene.speed_color(2.0, scale) == SPEED_COLORS[2]
    assert scene.speed_color(9.0, scale) == SPEED_COLORS[-1]


def test_the_speed_scale_spends_its_colours_on_the_lap_not_on_its_first_steps(playback):
    rows = playback.rows.copy()
    rows["v"] = np.linspace(1.6, 2.4, len(rows))
    rows["v"][:3] = [0.0, 0.5, 1.0]  # m/s, from standstill
    assert scene.speed_scale(rows) == (1.5, 2.5)
    rows["v"] = 0.0
    assert scene.speed_scale(rows) == (0.0, 0.5)
    assert scene.speed_scale(rows[:0]) == (0.0, 0.5)


def test_the_start_line_is_square_to_the_road_and_reaches_both_borders(oval):
    skewed = np.roll(oval.outer[:-1], 3, axis=0)  # border rows beside other waypoints, as in Bowtie
    track = Track("skewed", oval.center, oval.inner, np.vstack([skewed, skewed[:1]]))
    line = scene.start_line(track)
    x, y, yaw = track.pose_at(0.0)
    assert (line[1] - line[0]) @ [math.cos(yaw), math.sin(yaw)] == pytest.approx(0.0, abs=1e-9)
    assert line.mean(axis=0) == pytest.approx([x, y], abs=1e-6)
    assert np.hypot(*(line[1] - line[0])) == pytest.approx(track.width, abs=1e-6)


def test_the_centre_line_is_dashed_half_and_half(oval):
    dashes = [s for s in scene.road(oval) if getattr(s, "color", None) == scene.CENTER]
    drawn = sum(np.hypot(*np.diff(d.points, axis=0).T).sum() for d in dashes)
    assert drawn / oval.length == pytest.approx(0.5, abs=0.01)
