"""Frames and films need no display; the car is where the recording says."""

from types import SimpleNamespace

import numpy as np
import pytest

from racer.errors import ResourceError, UsageError
from racer.recording.trace import Trace
from racer.render import scene, video
from racer.render.paint import overview
from racer.sim.types import CAR


def _where(image, color):
    return np.argwhere(np.abs(image.astype(int) - color).max(axis=2) < 24)


def test_the_car_is_painted_at_its_place(playback, oval):
    size = (640, 400)
    row = playback.rows[40]
    image = video.frame(playback, 40, size)
    assert image.shape == (400, 640, 3)
    camera = video.track_camera(oval, size)
    x, y = camera.project(np.array([[row["x"], row["y"]]]))[0]
    painted = _where(image, scene.BODY).mean(axis=0)
    assert painted == pytest.approx([y, x], abs=6)  # px; the car is 30 long


def test_an_overview_shows_the_whole_road(oval):
    camera = overview(oval, (640, 480))
    points = camera.project(oval.outer)
    assert points.min() >= 39  # px, the margin
    assert (points <= [601, 441]).all()


def test_the_trail_is_where_the_car_was(playback):
    before, after = video.frame(playback, 2, (640, 400)), video.frame(playback, 60, (640, 400))
    row = playback.rows[30]
    color = scene.speed_color(float(row["v"]), scene.speed_scale(playback.rows))
    camera = video.track_camera(playback.track, (640, 400))
    x, y = camera.project(np.array([[row["x"], row["y"]]]))[0].round().astype(int)
    assert np.abs(after[y, x].astype(int) - color).max() < 40
    assert np.abs(before[y, x].astype(int) - color).max() > 40


def test_the_clock_ends_on_the_lap_time_of_the_result(playback):
    official = [float(lap.seconds + 2 * playback.dt) for lap in playback.laps()]
    film = video.Film(Trace(playback.track, playback.rows, playback.dt, {"lap_times_s": official}))
    last = len(film.rows(0)) - 1
    assert film._clock(0, last) == pytest.approx(official[0])
    assert film._clock(0, last - 3) == pytest.approx(official[0] - 3 * playback.dt)
    for meta in ({}, {"lap_times_s": "x"}, {"lap_times_s": []}, {"lap_times_s": [None]}):
        film = video.Film(Trace(playback.track, playback.rows, playback.dt, meta))
        assert film._clock(0, 3) == pytest.approx(3 * playback.dt)


def test_larger_frames_show_params_and_reward(playback):
    image = video.frame(playback, 40, (1280, 720))
    panel = image[:200, :320]
    assert len(_where(panel, (250, 208, 90))) > 50  # the reward's digits


def test_a_live_car_leaves_a_trail_until_its_episode_ends(oval):
    view = video.LiveView(oval, (480, 320))
    car = np.zeros(1, CAR)
    first = None
    for step in range(30):
        x, y, yaw = oval.pose_at(0.15 * step)
        car["x"], car["y"], car["yaw"], car["v"], car["steps"] = x, y, yaw, 2.0, step + 1
        image = view.frame(car[0])
        first = image if first is None else first
    assert image.shape == (320, 480, 3)
    assert image.dtype == np.uint8
    car["x"], car["y"], car["yaw"] = oval.pose_at(0.0)
    car["episode"], car["steps"] = 1, 1
    np.testing.assert_array_equal(view.frame(car[0]), first)


def test_a_row_that_is_not_there_is_an_index_error(playback):
    with pytest.raises(IndexError):
        video.frame(playback, len(playback.rows), (320, 200))


@pytest.mark.slow
def test_a_film_has_as_many_seconds_as_the_laps(playback, tmp_path):
    import imageio_ffmpeg

    path = tmp_path / "laps.mp4"
    count = video.write(playback, path, speed=4.0)
    laps = sum(lap.seconds for lap in playback.laps())
    # each lap rests for a second on its last state
    assert count / video.FPS == pytest.approx(laps / 4 + 2, abs=0.15)
    frames, seconds = imageio_ffmpeg.count_frames_and_secs(str(path))
    assert (frames, seconds) == (count, pytest.approx(count / video.FPS, abs=0.05))
    assert list(tmp_path.iterdir()) == [path]


def test_a_short_gif_moves(playback, tmp_path):
    from PIL import Image

    short = Trace(playback.track, playback.rows[:20], playback.dt)
    count = video.write(short, tmp_path / "short.gif")
    with Image.open(tmp_path / "short.gif") as image:
        # a second's rest is one long frame: equal frames are merged
        assert 15 < image.n_frames <= count


def test_other_names_and_folders_are_refused(playback, tmp_path):
    with pytest.raises(UsageError, match=r"must end in .mp4 or .gif"):
        video.write(playback, tmp_path / "laps.avi")
    with pytest.raises(UsageError, match="there is no folder"):
        video.write(playback, tmp_path / "none" / "laps.mp4")
    with pytest.raises(UsageError, match="no steps"):
        video.write(Trace(playback.track, playback.rows[:0], playback.dt), tmp_path / "a.mp4")


ENDED = OSError("[Errno 32] Broken pipe\n\nFFMPEG COMMAND:\n...\n\nFFMPEG STDERR OUTPUT:\n")


@pytest.mark.parametrize(
    ("error", "free", "why"),
    [
        (OSError(28, "No space left on device"), 10**9, "No space left on device"),
        (ENDED, 0, "No space left on device"),
        (ENDED, 10**9, r"ffmpeg failed \(\[Errno 32\] Broken pipe\)"),
    ],
)
def test_a_disk_that_refuses_leaves_nothing_behind(
    playback, tmp_path, monkeypatch, error, free, why
):
    def full(*_):
        raise error

    monkeypatch.setitem(video._FORMATS, ".mp4", (video.SIZE, video.FPS, full))
    monkeypatch.setattr(video.shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    with pytest.raises(ResourceError, match=rf"laps\.mp4: {why}\.$"):
        video.write(playback, tmp_path / "laps.mp4")
    assert list(tmp_path.iterdir()) == []
