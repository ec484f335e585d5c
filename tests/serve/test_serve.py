"""A service answers as the policy acts, refuses with a sentence, and sends every answer it owes."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from made_runs import made_run, random_policy
from prometheus_client.parser import text_string_to_metric_families
from service import ask, predict, serving

from racer import cli
from racer.export.onnx import write_onnx
from racer.race import make_race
from racer.serve import log as logs

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "a-token-of-the-tests"
POLICY = random_policy()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a run and its ONNX file."""
    folder = tmp_path_factory.mktemp("serve")
    write_onnx(made_run(folder / "runs", POLICY), folder / "car.onnx")
    return folder


@pytest.fixture(scope="module")
def of_run(folder):
    with serving("latest", "--log", "seen.jsonl", cwd=folder) as (_, port):
        yield port


@pytest.fixture(scope="module")
def of_file(folder):
    with serving("car.onnx", cwd=folder, RACER_TOKEN=TOKEN) as (_, port):
        yield port


@pytest.fixture(scope="module")
def driven(folder):
    """A race that was driven for some seconds, and what its car saw and was told."""
    race = make_race(cli_config(folder), 1, with_reward=False)
    race.reset()
    for _ in range(40):
        race.step(np.array([[0.3, -0.2]], np.float32))
    return race


def cli_config(folder):
    from racer.runs import Run

    return Run.open("latest", folder / "runs").config().race


def test_run_and_file_answer_as_the_policy_acts(of_run, of_file, driven):
    obs = driven.obs.copy()
    action = POLICY.act(obs)
    by_run = predict(of_run, observation=obs[0].tolist())
    status, text = ask(
        of_file,
        "/predict",
        {"observation": {"observation": obs[0].tolist()}},
        Authorization=f"Bearer {TOKEN}",
    )
    by_file = json.loads(text)
    assert status == 200
    assert by_run["action"] == action[0].tolist()
    np.testing.assert_allclose(by_file["action"], action[0], atol=1e-5)
    driven.action_buffer[...] = action
    driven._decode()
    steering, speed = driven.commands[0]
    for one in (by_run, by_file):
        assert one["steering_angle_deg"] == pytest.approx(steering, abs=1e-3)
        assert one["speed_mps"] == pytest.approx(speed, abs=1e-4)


def test_params_are_seen_as_the_car_sees_the_road(of_run, driven):
    car = driven.cars[0]
    params = {"x": car["nose_x"], "y": car["nose_y"], "heading": np.degrees(car["yaw"])}
    params |= {"speed": car["v"], "steering_angle": np.degrees(car["steer"]), "waypoints": []}
    answer = predict(
        of_run, params={k: v if k == "waypoints" else float(v) for k, v in params.items()}
    )
    # the car has been in a steady bend long enough, so its yaw rate follows from speed and wheels
    np.testing.assert_allclose(answer["action"], POLICY.act(driven.obs)[0], atol=1e-4)


BAD = [
    (b"", "Send JSON"),
    (b"[1, 2", "Send JSON"),
    (b"[" * 100_000, "Send JSON"),
    ({}, "observation is missing"),
    ({"observatoin": [0.0]}, "observatoin"),
    ({"observation": [0.0] * 20}, "a list of 20 numbers; a list of 21 numbers is needed"),
    ({"observation": [[0.0], [0.0, 1.0]]}, "must be a list of 21 numbers"),
    ({"observation": ["0"] * 21}, "must be a list of 21 numbers"),
    (b'{"observation": [NaN' + b", 0" * 20 + b"]}", "not finite"),
    (b'{"observation": [1e39' + b", 0" * 20 + b"]}", "not finite"),
    (b'{"observation": [1' + b"0" * 400 + b", 0" * 20 + b"]}", "21 numbers"),
    ({"observation": {"lidar": [0.0]}}, "must be a table with observation"),
    ({"observation": [0.0] * 21, "params": {"x": 1}}, "send observation alone"),
    ({"params": {"x": 1.0, "y": "2"}}, "params needs y, a number"),
    ({"params": {"x": 1e300, "y": 2}}, "params has x outside"),
    (b'{"params": {"x": NaN, "y": 2}}', "params has x outside"),
    (b'{"params": {"x": -Infinity, "y": 2}}', "params has x outside"),
    (b'{"observation": [Infinity' + b", 0" * 20 + b"]}", "not finite"),
    ({"observation": [[0.0] * 21]}, "a list of 21 numbers is needed"),
    ({"observation": [True] * 21}, "must be a list of 21 numbers"),
    ({"observation": None}, "observation is missing"),
    ({"observation": {"observation": [0.0] * 21, "lidar": [1.0]}}, "must be a table with"),
    ({"params": [1, 2]}, "params: "),
    ({"params": {}}, "params needs x"),
    ('"observation"', "Send JSON"),
    (b"\xff\xfe{", "Send JSON"),
    ({"picture": "AAAA"}, "does not see one picture"),
]


def test_bad_input_is_422_with_a_sentence(of_run):
    for body, expected in BAD:
        status, text = ask(of_run, "/predict", body)
        assert status == 422, (body, text)
        (sentence,) = json.loads(text).values()
        assert expected in sentence
        assert sentence.endswith(".")
        assert "\n" not in sentence
    predict(of_run, observation=[0.0] * 21)  # it goes on


JSON = {"observation": [0.0] * 21}
REFUSED = [  # path, method, body, content type, status
    ("/predict", "POST", JSON, "text/plain", 415),
    ("/predict", "POST", JSON, "application/xml; charset=json", 415),
    ("/predict", "POST", JSON, "multipart/form-data; boundary=/json", 415),
    ("/predict", "POST", b"observation=0", "application/x-www-form-urlencoded", 422),
    ("/predict", "GET", None, "", 405),
    ("/predict", "PUT", JSON, "application/json", 405),
    ("/predict", "DELETE", None, "", 405),
    ("/predict", "OPTIONS", None, "", 405),
    ("/health", "POST", JSON, "application/json", 405),
    ("/metrics", "DELETE", None, "", 405),
    ("/predict/", "POST", JSON, "application/json", 404),
    ("/", "GET", None, "", 404),
    ("/docs", "GET", None, "", 404),
    ("/../etc/passwd", "GET", None, "", 404),
]


@pytest.mark.parametrize(("path", "method", "body", "kind", "expected"), REFUSED)
def test_what_is_asked_in_another_way_is_refused_with_a_sentence(
    of_run, path, method, body, kind, expected
):
    status, text = ask(of_run, path, body, method, Content_Type=kind)
    assert (status, list(json.loads(text))) == (expected, ["error"])
    assert json.loads(text)["error"].endswith(".")


@pytest.mark.parametrize("kind", ["", "application/json; charset=utf-8", "application/x+json"])
def test_json_by_any_of_its_names_is_read(of_run, kind):
    status, _ = ask(of_run, "/predict", JSON, Content_Type=kind)
    assert status == 200


def test_who_watches_may_ask_for_the_head_alone(of_run):
    assert ask(of_run, "/health", method="HEAD") == (200, "")
    assert ask(of_run, "/metrics", method="HEAD") == (200, "")


def test_a_body_is_bounded(of_run):
    with socket.create_connection(("127.0.0.1", of_run)) as client:
        client.sendall(b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n")
        assert client.recv(1000).startswith(b"HTTP/1.1 413")
    with socket.create_connection(("127.0.0.1", of_run)) as client:
        client.sendall(b"POST /predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        assert client.recv(1000).startswith(b"HTTP/1.1 411")


def test_health_and_metrics_say_what_is_served(of_run):
    status, text = ask(of_run, "/health")
    assert status == 200
    assert json.loads(text)["observation"][0]["shape"] == [21]
    predict(of_run, observation=[0.0] * 21)
    ask(of_run, "/nowhere")
    status, text = ask(of_run, "/metrics")
    read = {
        (one.name, *one.labels.values()): one.value
        for family in text_string_to_metric_families(text)  # as Prometheus reads it
        for one in family.samples
    }
    assert read["racer_requests_total", "/predict", "200"] >= 1
    assert read["racer_requests_total", "other", "404"] >= 1
    assert read["racer_predict_seconds_count",] >= 1


def test_a_token_is_asked_for(of_file, folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    assert ask(of_file, "/health")[0] == 200  # for who only watches that it lives
    assert ask(of_file, "/metrics")[0] == 401
    assert ask(of_file, "/predict", {}, Authorization="Bearer wrong")[0] == 401
    monkeypatch.delenv("RACER_TOKEN", raising=False)
    assert cli.main(["serve", "car.onnx", "--host", "0.0.0.0"]) == 2
    assert "RACER_TOKEN" in capsys.readouterr().err
    monkeypatch.setenv("RACER_TOKEN", "short")
    assert cli.main(["serve", "car.onnx"]) == 2


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM to catch")
def test_sigterm_sends_the_answers_that_are_owed(folder):
    body = json.dumps({"observation": [0.0] * 21}).encode()
    head = f"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
    with serving("car.onnx", cwd=folder) as (process, port):
        clients = [socket.create_connection(("127.0.0.1", port), timeout=60) for _ in range(8)]
        for client in clients:
            client.sendall(head.encode() + b"Expect: 100-continue\r\n\r\n")
            assert b"100 Continue" in client.recv(1000)  # the service waits for the body
        process.send_signal(signal.SIGTERM)
        while True:  # until it takes no others
            try:
                socket.create_connection(("127.0.0.1", port), timeout=60).close()
            except ConnectionError:
                break
        time.sleep(0.3)  # clients that are slow: a service that does not wait would be gone
        for client in clients:
            client.sendall(body)
            assert client.recv(10_000).startswith(b"HTTP/1.1 200")
            client.close()
        assert process.wait(60) == 143
        assert "every answer was sent" in process.stderr.read()


def test_every_answer_is_in_the_log(of_run, folder):
    before = len(logs.read(folder / "seen.jsonl")[0])
    answer = predict(of_run, observation=np.linspace(-1, 1, 21).tolist())
    lines, torn = logs.read(folder / "seen.jsonl")
    assert (len(lines), torn) == (before + 1, 0)
    assert lines[-1]["saw"] == pytest.approx(np.linspace(-1, 1, 21), abs=1e-5)
    assert lines[-1]["action"] == answer["action"]


def test_a_log_has_one_service(of_run, folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    assert cli.main(["serve", "car.onnx", "--port", "0", "--log", "seen.jsonl"]) == 6
    assert "the log seen.jsonl is in use by process" in capsys.readouterr().err


@pytest.mark.parametrize("where", ["", "/"])
def test_a_folder_is_no_log(where, folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    assert cli.main(["serve", "car.onnx", "--port", "0", f"--log={where}"]) == 5
    assert "it is a folder. Name a file in it." in capsys.readouterr().err


def test_a_file_is_served_without_torch_and_the_simulator(folder, python):
    code = f"""
import sys
from racer.serve import app, served
policy = served.load({str(folder / "car.onnx")!r}, None)
app.make_app(policy)
print(sorted({{'torch', 'numba', 'gymnasium', 'stable_baselines3', 'pygame'}} & set(sys.modules)))
"""
    assert python(code).strip() == "[]"


def test_what_is_no_file_of_ours_is_refused(folder, tmp_path, capsys):
    (tmp_path / "x.onnx").write_bytes(b"\x08\x08" * 50)
    assert cli.main(["serve", str(tmp_path / "x.onnx")]) == 3
    assert "not a policy that racer exported" in capsys.readouterr().err


def test_a_port_that_is_taken_is_a_sentence(folder, of_run, capsys, monkeypatch):
    monkeypatch.chdir(folder)
    assert cli.main(["serve", "car.onnx", "--port", str(of_run)]) == 5
    assert "Try --port 0" in capsys.readouterr().err


def test_without_the_library_the_extra_is_named(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert cli.main(["serve", "car.onnx"]) == 5
    assert "pip install 'racer[serve]'" in capsys.readouterr().err


@pytest.mark.skipif(not shutil.which("curl"), reason="the example needs curl")
def test_the_example_asks_a_service(of_file):
    script = ROOT / "examples" / "make_prediction.sh"
    environ = os.environ | {"RACER_TOKEN": TOKEN}
    done = subprocess.run(
        ["sh", script, f"http://127.0.0.1:{of_file}"], capture_output=True, text=True, env=environ
    )
    assert json.loads(done.stdout)["speed_mps"] > 0, done.stderr
