"""The lab over HTTP: who may pass, what routes answer, and what never happens."""

import itertools
import json
import time

import pytest
from lab_at_work import REWARD, lab_of
from render_recordings import MARKUP, driven
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from racer import cli
from racer.cli.lab import first
from racer.lab.core.desk import TEXT_MAX, check, digest
from racer.lab.web import hub
from racer.lab.web.pages import POLICY
from racer.lab.web.server import listening
from racer.render.live.wire import Kind
from racer.reward.file import LESSONS

PORT = 8123
HOME = f"http://127.0.0.1:{PORT}"
HOSTS = [f"127.0.0.1:{PORT}", f"localhost:{PORT}", f"[::1]:{PORT}"]
FOREIGN = ["evil.example", f"evil.example:{PORT}", "127.0.0.1:80", "127.0.0.1", ""]


@pytest.fixture
def served(tmp_path):
    """A client without a cookie, and the lab behind it."""
    lab, keys, app = lab_of(tmp_path, PORT)
    with TestClient(app, base_url=HOME, follow_redirects=False) as client:
        client.lab, client.keys = lab, keys
        yield client


@pytest.fixture
def page(served):
    """The same client as the page is: cookie, origin, secret."""
    served.get(f"/?token={served.keys.token}")
    served.headers |= {"origin": HOME, "x-racer-secret": served.keys.page}
    return served


def watching(page):
    """Its socket; the test client sends neither host nor cookie of its own."""
    headers = {"host": f"127.0.0.1:{PORT}", "cookie": f"racer-lab-{PORT}={page.keys.token}"}
    return page.websocket_connect(f"/ws/live?secret={page.keys.page}", headers=headers)


def origin_of(host):
    return f"http://{host}"


@pytest.mark.parametrize(
    ("host", "origin", "method"),
    list(
        itertools.product(
            [*HOSTS, *FOREIGN],
            ["own", None, "https://evil.example", "null"],
            ["GET", "POST", "DELETE", "WS"],
        )
    ),
)
def test_only_own_hosts_and_own_origins_pass(page, host, origin, method):
    given = origin_of(host) if origin == "own" else origin
    headers = {"host": host, "origin": given} if given else {"host": host}
    if not given:
        del page.headers["origin"]
    own = host in HOSTS and (origin == "own" or (origin is None and method == "GET"))
    cookie = {"cookie": f"racer-lab-{PORT}={page.keys.token}"}
    if method == "WS":
        try:
            address = f"/ws/live?secret={page.keys.page}"
            with page.websocket_connect(address, headers=headers | cookie):
                passed = True
        except WebSocketDisconnect:
            passed = False
        assert passed == own
        return
    path = {"GET": "/", "POST": "/api/keep", "DELETE": "/api/keep"}[method]
    answer = page.request(method, path, headers=headers | cookie)
    expected = 405 if method == "DELETE" else 200
    assert answer.status_code == (expected if own else 403)
    assert own or page.lab.drafts.asked == ["save"]  # the first one, of the start


def test_a_page_of_another_site_loads_nothing_of_it(page):
    del page.headers["origin"]
    for site in ("cross-site", "same-site"):
        for mode in ("no-cors", "cors"):
            headers = {"sec-fetch-site": site, "sec-fetch-mode": mode}
            assert page.get("/static/lab.js", headers=headers).status_code == 403


def test_without_the_token_there_is_a_door_and_nothing_of_anyone(served):
    for path in ("/", "/api/about", "/static/lab.js", "/replay/x", "/nothing"):
        answer = served.get(path)
        assert answer.status_code == 401
        assert "mine" not in answer.text
        assert "speed" not in answer.text
    assert served.get("/").text.startswith("<!doctype html>")
    assert (
        served.get("/api/about").text
        == "Open the address that racer lab printed: it has a token in it."
    )
    assert served.get("/?token=wrong").status_code == 401
    assert served.post("/api/save", headers={"origin": HOME}).status_code == 401


def test_the_token_leaves_the_address_and_becomes_a_strict_cookie(served):
    answer = served.get(f"/?token={served.keys.token}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith(f"racer-lab-{PORT}=")
    assert "httponly" in cookie
    assert "samesite=strict" in cookie


def test_the_cookie_alone_shows_an_empty_page_and_changes_nothing(served):
    served.get(f"/?token={served.keys.token}")
    assert "speed" not in served.get("/").text
    assert served.keys.page not in served.get("/").text
    assert served.get("/api/about").status_code == 403
    assert served.post("/api/keep", headers={"origin": HOME}).status_code == 403
    with (
        pytest.raises(WebSocketDisconnect),
        served.websocket_connect("/ws/live?secret=x", headers={"origin": HOME}),
    ):
        pass
    assert served.lab.drafts.asked == ["save"]


def test_every_answer_has_its_headers(page):
    for path in ("/", "/static/lab.js", "/api/about", "/nothing"):
        headers = page.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-frame-options"] == "DENY"
    assert page.get("/").headers["content-security-policy"] == POLICY
    assert "unsafe" not in POLICY


def test_only_files_of_the_page_are_static(page):
    assert page.get("/static/player.js").headers["content-type"].startswith("text/javascript")
    for name in ("guard.py", "..%2fguard.py", "%2e%2e%2f%2e%2e%2fcore%2fdesk.py", "page.html"):
        assert page.get(f"/static/{name}").status_code == 404


def test_save_writes_the_file_and_trains_it(page):
    about = page.get("/api/about").json()
    assert about["text"] == REWARD
    new = REWARD.replace("speed", "progress")
    answer = page.post("/api/save", json={"text": new, "base": about["base"]})
    assert answer.json() == {"base": digest(new), "findings": []}
    assert page.lab.desk.text() == new
    assert page.lab.drafts.asked == ["save", "save"]


def test_a_file_that_another_program_changed_is_not_lost(page):
    base = page.get("/api/about").json()["base"]
    page.lab.desk.file.write_text("# other\n")
    answer = page.post("/api/save", json={"text": "# mine\n", "base": base})
    assert answer.status_code == 409
    assert answer.json()["text"] == page.lab.desk.text() == "# other\n"
    answer = page.post("/api/save", json={"text": "# mine\n", "base": answer.json()["base"]})
    assert answer.status_code == 200
    assert page.lab.desk.text() == "# mine\n"


def test_what_another_editor_saves_reaches_the_page_and_is_trained(page):
    with watching(page) as socket:
        page.lab.desk.file.write_text("# from vim, longer than before, so that it differs\n" * 2)
        told = socket.receive_bytes()
        assert told[0] == Kind.END
        assert json.loads(told[1:])["file"]["text"].startswith("# from vim")
    end = time.monotonic() + 30.0
    while page.lab.drafts.asked.count("save") < 2 and time.monotonic() < end:
        time.sleep(0.01)
    assert page.lab.drafts.asked.count("save") == 2


def test_a_viewer_that_comes_late_gets_the_road_the_lap_and_every_row(page):
    page.lab.drafts.drives()
    page.lab.drafts.tell("driving: new cars after 0.4 s")
    with watching(page) as socket:
        kinds = [socket.receive_bytes()[0] for _ in range(4)]
    assert kinds == [Kind.START, Kind.METRICS, Kind.END, Kind.LAP]


def test_a_lab_that_has_nothing_to_say_says_so(page, monkeypatch):
    monkeypatch.setattr(hub, "BEAT_S", 0.01)
    with watching(page) as socket:
        assert socket.receive_bytes() == hub.NOTHING


def test_the_end_of_a_draft_is_said_once(page):
    with watching(page) as socket:
        page.lab.drafts.hear(Kind.END, b'{"words": "finished: 100 % of the evaluation laps"}')
        page.lab.drafts.tell("finished: 100 % of laps, best lap 9.50 s")
        assert b"best lap" in socket.receive_bytes()


def test_keep_and_stop_are_passed_on(page):
    page.post("/api/keep")
    page.post("/api/stop")
    assert page.lab.drafts.asked == ["save", "keep", "stop"]


def test_laps_are_looked_into_by_an_address_that_is_good_once(page, tmp_path):
    answer = page.post("/api/replay")
    assert answer.status_code == 400
    assert "no laps yet" in answer.json()["error"]
    page.lab.drafts.shown.laps = tmp_path / "laps.npz"
    driven("oval", laps=1).save(tmp_path / "laps.npz")
    path = page.post("/api/replay").json()["path"]
    assert "racer-player" in page.get(path).text
    assert page.get(path).status_code == 404


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b'{"text":1}', b"\xff" * 10, b'{"text":"' + b"a" * 3 * TEXT_MAX]
)
def test_bodies_that_are_no_requests_do_no_harm(page, body):
    before = page.lab.desk.text()
    assert page.post("/api/check", content=body).status_code in (200, 400)
    page.post("/api/save", content=body)
    assert page.lab.desk.text() == before


@pytest.mark.parametrize("length", [TEXT_MAX + 1, 40 * TEXT_MAX])
def test_a_text_that_is_too_long_is_refused_in_a_sentence(page, length):
    base = page.get("/api/about").json()["base"]
    answer = page.post("/api/save", json={"text": "#" * length, "base": base})
    assert answer.status_code == 400
    assert "64 KiB" in answer.json()["error"]


def test_a_text_with_half_a_character_is_saved_with_a_question_mark(page):
    base = page.get("/api/about").json()["base"]
    content = json.dumps({"text": "# \ud83d \U0001f3c1\n", "base": base})
    assert page.post("/api/save", content=content).json()["base"] == digest("# ? \U0001f3c1\n")
    assert page.lab.desk.text() == "# ? \U0001f3c1\n"


def test_a_file_that_was_removed_is_written_again_when_the_page_wants_that(page):
    base = page.get("/api/about").json()["base"]
    page.lab.desk.file.unlink()
    answer = page.post("/api/save", json={"text": "# mine\n", "base": base})
    assert (answer.status_code, answer.json()["text"]) == (409, "")
    page.post("/api/save", json={"text": "# mine\n", "base": answer.json()["base"]})
    assert page.lab.desk.text() == "# mine\n"


@pytest.mark.parametrize("hostile", MARKUP)
def test_texts_from_outside_cross_as_json_only(page, hostile):
    page.post("/api/save", json={"text": f"# {hostile}", "base": digest(REWARD)})
    assert hostile not in page.get("/").text
    answer = page.get("/api/about")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["text"] == f"# {hostile}"


def test_a_check_names_the_line_and_runs_nothing(tmp_path):
    path = tmp_path / "mine.py"
    (found,) = check(path, "def reward_function(params:\n    return 1\n")
    assert (found["level"], found["line"]) == ("error", 1)
    ran = tmp_path / "ran"
    found = check(path, f"open({str(ran)!r}, 'w')\ndef reward_function(params):\n    return 1.0\n")
    assert not ran.exists()
    found = check(path, "def reward_function(params):\n    return params['speeed']\n")
    assert [(one["level"], one["line"]) for one in found] == [("warning", 2)] or found[0][
        "line"
    ] == 2
    (found,) = check(path, "x = 1\n")
    assert found["level"] == "error"
    assert "reward_function" in found["message"]


def test_the_command_begins_with_a_lesson_and_never_writes_over_a_reward(tmp_path):
    made = tmp_path / "rewards" / "mine.py"
    first(made)
    assert "def reward_function" in made.read_text()
    made.write_text(REWARD)
    first(made)
    assert made.read_text() == REWARD


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["mine"], "ends in .py, for example rewards/mine.py"),
        (["--port", "70000"], "--port 70000"),
        (["--set", "train.seed"], "write KEY=VALUE"),
        (["--set", "race.reward=x"], "race.reward is given twice"),
    ],
)
def test_what_the_command_cannot_use_is_one_sentence(words, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["lab", "--no-browser", *words]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_a_port_that_is_taken_is_said(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    taken = listening(0)
    assert cli.main(["lab", "--no-browser", "--port", str(taken.getsockname()[1])]) == 5
    assert "Give another port" in capsys.readouterr().err
    taken.close()


PAID = [  # the text; what is said of it, or None where it pays
    ("def reward_function(params):\n    return 1 / 0\n", "mine.py:2: ZeroDivisionError"),
    ("def reward_function(params):\n    while True:\n        pass\n", "longer than 1 s"),
    ("def reward_function(params:\n", "mine.py:1:"),
    ("import socket\ns = socket.socket()\ndef reward_function(p):\n    return 1.0\n", "mine.py:2:"),
]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """Two laps, as `evaluate` pays them with the lesson `center_line`."""
    path = tmp_path_factory.mktemp("laps") / "laps.npz"
    driven("oval", laps=2).save(path)
    return path


def test_recorded_laps_are_paid_by_the_text_being_edited(page, recorded):
    assert "no laps yet" in page.post("/api/rescore", json={"text": REWARD}).json()["error"]
    page.lab.drafts.shown.laps = recorded
    lesson = (LESSONS / "center_line.py").read_text()
    same = page.post("/api/rescore", json={"text": lesson}).json()
    assert same["same"] == same["steps"] > 100  # to the bit
    assert same["old"] == same["new"]
    assert all(old == new for old, new in same["sums"])
    other = page.post("/api/rescore", json={"text": REWARD}).json()
    assert other["same"] < other["steps"]
    assert len(other["progress"]) == len(other["new"]) == len(other["old"])
    assert page.lab.desk.text() == REWARD  # looking writes nothing
    assert page.lab.drafts.asked == ["save"]


def test_a_reward_that_remembers_is_paid_from_the_first_step_on(page, recorded):
    page.lab.drafts.shown.laps = recorded
    text = "n = 0\ndef reward_function(params):\n    global n\n    n += 1\n    return float(n)\n"
    found = page.post("/api/rescore", json={"text": text}).json()
    first = 0 if found["lap"] == 1 else found["steps"] - len(found["new"])
    assert found["new"][0] == first + 1


@pytest.mark.parametrize(("text", "said"), PAID, ids=["raises", "hangs", "syntax", "network"])
def test_what_cannot_pay_is_a_sentence_with_its_line(page, recorded, text, said):
    page.lab.drafts.shown.laps = recorded
    answer = page.post("/api/rescore", json={"text": text})
    assert answer.status_code == 400
    assert said in answer.json()["error"]
