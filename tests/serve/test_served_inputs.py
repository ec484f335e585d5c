"""Pictures are read, logs stay bounded and survive a crash and a full disk."""

import base64
import io

import numpy as np
import pytest
from made_runs import made_run, random_policy
from PIL import Image

from racer.policy.inputs import Part
from racer.serve import log as logs
from racer.serve.app import Question, _seen
from racer.serve.arrays import Array, BadRequest
from racer.serve.served import Answer, RunPolicy

CAMERA = """
import gymnasium
import numpy as np
from gymnasium.spaces import Box

class Observation:
    def __init__(self, vehicle):
        self.space = gymnasium.spaces.Dict(
            camera=Box(0, 255, (1, 12, 16), np.uint8), speed=Box(-9.0, 9.0, (1,), np.float32)
        )

    def bind(self, scene, out):
        def observe():
            out["camera"][:] = 7
            out["speed"][:, 0] = scene.cars["v"]
        return observe
"""
PARAMS = {"x": 3.0, "y": 0.7, "heading": 0.0, "speed": 2.5, "steering_angle": 0.0}


def png(pixels):
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG")
    return base64.b64encode(content.getvalue()).decode()


def test_params_and_a_picture_make_an_observation(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "observations").mkdir()
    (tmp_path / "observations" / "camera.py").write_text(CAMERA)
    parts = (Part("camera", (1, 12, 16), "uint8"), Part("speed", (1,), "float32"))
    policy = random_policy(inputs=193, parts=parts)
    made_run(tmp_path / "runs", policy, observation="camera")
    served = RunPolicy("latest", tmp_path / "runs")
    pixels = np.random.default_rng(0).integers(0, 256, (12, 16), np.uint8)
    seen = _seen(Question(params=PARAMS, picture=png(pixels)), served)
    assert (seen["camera"][0, 0] == pixels).all()
    assert seen["speed"][0, 0] == 2.5
    assert served.act(seen).action == policy.act(seen)[0].tolist()
    with pytest.raises(BadRequest, match="speed is missing"):
        _seen(Question(picture=png(pixels)), served)


def test_a_picture_of_another_size_is_refused_before_it_is_unpacked():
    array = Array("camera", (12, 16), "uint8")
    with pytest.raises(BadRequest, match="8 x 4; 16 x 12 pixels are needed"):
        array.picture(png(np.zeros((4, 8), np.uint8)))
    for text in ("no base64!", base64.b64encode(b"no picture").decode()):
        with pytest.raises(BadRequest, match="PNG or JPEG"):
            array.picture(text)
    bomb = png(np.zeros((5000, 5000), np.uint8))
    with pytest.raises(BadRequest, match="5000 x 5000"):
        array.picture(bomb)


def written(path, count):
    array = Array("observation", (3,), "float32")
    log = logs.Log(path, [array], "f" * 64)
    for i in range(count):
        log.answered(float(i), {"observation": np.full((1, 3), i, np.float32)}, Answer(0, 1.0, 2.0))
    log.close()
    return log


def test_a_log_is_bounded_and_read_in_order(tmp_path, monkeypatch):
    monkeypatch.setattr(logs, "BYTES", 2000)
    written(tmp_path / "log", 100)  # about 100 bytes each
    sizes = [path.stat().st_size for path in tmp_path.iterdir()]
    assert len(sizes) == 1 + logs.KEPT
    assert max(sizes) <= 2000
    times = [line["time_s"] for line in logs.read(tmp_path / "log")[0]]
    assert times == sorted(times)
    assert times[-1] == 99.0


def test_a_line_that_a_crash_cut_costs_itself_alone(tmp_path):
    path = tmp_path / "log"
    written(path, 3)
    path.write_bytes(path.read_bytes()[:-20])
    written(path, 2)
    lines, torn = logs.read(path)
    assert [line["time_s"] for line in lines] == [0.0, 1.0, 0.0, 1.0]
    assert torn == 1


def test_what_cannot_be_logged_stops_no_answer(tmp_path):
    array = Array("observation", (1,), "float32")
    log = logs.Log(tmp_path / "log", [array], "f" * 64)
    log.stream.close()  # as a disk that is gone
    for _ in range(2):
        log.answered(0.0, {"observation": np.zeros((1, 1), np.float32)}, Answer(0, 1.0, 2.0))
    assert log.failures == 2


def test_a_run_of_several_cars_in_a_world_is_served_as_its_first(tmp_path):
    made_run(tmp_path, random_policy(inputs=33), **{"others.race": "multi"})
    served = RunPolicy("latest", tmp_path)
    seen = served.see(PARAMS)
    assert seen["observation"].shape == (1, 33)
    assert seen["observation"][0, 0] == pytest.approx(2.5 / 4.0)  # of its top speed
    served.act(seen)
