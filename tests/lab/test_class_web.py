"""A class over HTTP: who may take which way, and what hostile students do not reach."""

import contextlib
import itertools
import json
import time

import pytest
from class_at_work import class_of
from render_recordings import MARKUP
from starlette.routing import Route
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from racer.lab.core.desk import TEXT_MAX, digest
from racer.lab.web.classroom import application
from racer.lab.web.hub import WORDS_MAX
from racer.lab.web.members import VIEWERS_MAX
from racer.lab.web.pages import POLICY
from racer.lab.web.roles import BURST, Rates, Role, Who, may
from racer.lab.web.server import addresses_of
from racer.render.live.wire import Kind

PORT = 8124
HOME = f"http://127.0.0.1:{PORT}"
OWN = {"host": f"127.0.0.1:{PORT}"}
HOSTILE = ["<img src=x onerror=document.hacked=1>", "'; DROP TABLE people;--", "../../etc/passwd",
           "%2e%2e%2f", "\x00", "a" * 100_000, "=cmd|' /C calc'!A0"]  # fmt: skip


class Asker:
    """One person's requests."""

    def __init__(self, client, secret=""):
        self._client, self.headers = client, {"origin": HOME, "x-racer-secret": secret}
        self.secret = secret

    def get(self, path):
        return self._client.get(path, headers=self.headers)

    def post(self, path, **given):
        return self._client.post(path, json=given, headers=self.headers)

    def socket(self, **more):
        address = f"/ws/live?secret={self.secret}"
        return self._client.websocket_connect(address, headers={**OWN, "origin": HOME} | more)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A class, a client without anything, and Anna, Ben, a guest and the teacher."""
    found, app = class_of(tmp_path_factory.mktemp("class"), PORT, slots=9)
    found.rates = Rates(clock=lambda: 0.0)
    found.rates.allow = lambda who: True
    app = type(app)(application(found), app._hosts)
    asked = TestClient(app, base_url=HOME, follow_redirects=False)
    with contextlib.closing(found.store), asked as client:
        nobody = Asker(client)
        keys = [
            nobody.post("/api/enter", code=found.store.code, name=name).json()["key"]
            for name in ("Anna", "Ben")
        ]
        client.room, client.nobody = found, nobody
        client.anna, client.ben = (Asker(client, key) for key in keys)
        client.guest, client.teacher = Asker(client, found.guest), Asker(client, found.teacher)
        yield client


def until(condition, patience=60.0):
    end = time.monotonic() + patience
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    assert condition()


def drives(served, asker, best_lap_s=9.5):
    """The newest draft of someone drives and finishes."""
    about = asker.get("/api/about").json()
    text = "def reward_function(params):\n    return 1.0\n"
    asker.post("/api/save", text=text, base=about["base"])
    script, person = served.room.script, served.room.who(asker.secret).person
    own = [n for n, job in enumerate(script.jobs, 1) if f"people/{person}/" in job.runs_dir]
    script.drives(own[-1])
    script.finishes(own[-1], best_lap_s)


def test_every_route_has_a_role_and_answers_no_other(served):
    ways = served.room.ways()
    assert {way.path for way in ways} | {"/ws/live"} == {
        route.path for route in application(served.room).routes
    }
    assert all(
        isinstance(r, Route) or r.path == "/ws/live" for r in application(served.room).routes
    )
    askers = {
        Role.ANYONE: served.nobody, Role.GUEST: served.guest,
        Role.STUDENT: served.anna, Role.TEACHER: served.teacher,
    }  # fmt: skip
    for way, (role, asker) in itertools.product(ways, askers.items()):
        path = way.path.replace("{name}", "x").replace("{action}", "x")
        asked = asker.post if way.methods == ("POST",) else asker.get
        allowed = may(Who(role), way.role)
        assert (asked(path).status_code == 401) == (not allowed), (way.path, role)


def test_roles_are_what_their_names_say():
    allowed = {role: [may(Who(asked), role) for asked in Role] for role in Role}
    assert allowed == {
        Role.ANYONE: [True] * 4,
        Role.GUEST: [False, True, True, True],
        Role.STUDENT: [False, False, True, False],
        Role.TEACHER: [False, False, False, True],
    }


@pytest.mark.parametrize("host", [f"127.0.0.1:{PORT}", f"evil.example:{PORT}", "127.0.0.1:80", ""])
@pytest.mark.parametrize("origin", [None, "own", "https://evil.example", "null"])
@pytest.mark.parametrize("method", ["GET", "POST", "WS"])
def test_other_sites_pass_nowhere_even_with_the_secret(served, host, origin, method):
    given = {"host": host, "x-racer-secret": served.anna.secret}
    if origin is not None:
        given["origin"] = f"http://{host}" if origin == "own" else origin
    own = host == OWN["host"] and (origin == "own" or (origin is None and method == "GET"))
    if method == "WS":
        try:
            with served.websocket_connect(f"/ws/live?secret={served.anna.secret}", headers=given):
                passed = True
        except WebSocketDisconnect:
            passed = False
        assert passed == own
        return
    path = {"GET": "/api/me", "POST": "/api/check"}[method]
    answer = served.request(method, path, headers=given, json={} if method == "POST" else None)
    assert answer.status_code == (200 if own else 403)


@pytest.mark.parametrize("name", ["host", "origin"])
def test_a_request_that_names_two_sites_passes_nowhere(served, name):
    own = [*OWN.items(), ("origin", HOME), ("x-racer-secret", served.anna.secret)]
    assert served.post("/api/check", headers=own, json={}).status_code == 200
    for twice in ([*own, (name, "evil.example")], [(name, "evil.example"), *own]):
        assert served.post("/api/check", headers=twice, json={}).status_code == 403


def test_pages_have_nothing_of_anyone_and_strict_headers(served):
    for path in ("/", "/lab", "/teacher", "/projector"):
        answer = served.nobody.get(path)
        assert answer.status_code == 200
        assert answer.headers["content-security-policy"] == POLICY
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "set-cookie" not in answer.headers
        for word in ("Anna", served.room.store.code, served.room.teacher):
            assert word not in answer.text


def test_the_socket_of_a_lab_is_for_its_student_alone(served):
    for asker in (served.nobody, served.guest, served.teacher, Asker(served, "x" * 43)):
        with pytest.raises(WebSocketDisconnect), asker.socket():
            pass
    with served.anna.socket():
        pass


def test_a_student_sees_and_changes_the_own_reward_alone(served):
    mine = served.anna.get("/api/about").json()
    assert mine["file"] == "center_line.py"  # no folder of the server
    new = mine["text"] + "# anna\n"
    assert served.anna.post("/api/save", text=new, base=mine["base"]).json()["base"] == digest(new)
    other = served.ben.get("/api/about").json()
    assert "# anna" not in other["text"]
    assert served.teacher.post("/api/class/text", person=1).json()["text"] == new


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_reach_no_file_no_name_and_no_query(served, text):
    assert served.nobody.post("/api/enter", code=text[:50], name="x").status_code == 400
    room = served.room
    room._door._wrong.clear()
    answer = served.nobody.post("/api/enter", code=room.store.code, name=text)
    assert answer.status_code == 400
    for way, field in (("learn", "lesson"), ("delete", "run"), ("submit", "run")):
        assert served.anna.post(f"/api/{way}", **{field: text, "key": "k" * 8}).status_code == 400
    for action in ("link", "text", "race", "offer"):
        given = {"person": text, "lesson": text, "track": text}
        assert served.teacher.post(f"/api/class/{action}", **given).status_code == 400
    assert (
        Asker(served, text[:200].replace("\x00", "0").encode("ascii", "replace").decode())
        .get("/api/me")
        .status_code
        == 401
    )
    assert [p["name"] for p in room.store.people()[:2]] == ["Anna", "Ben"]
    assert served.anna.get(f"/static/{text[:40]!r}").status_code in (401, 404)


@pytest.mark.parametrize("hostile", MARKUP)
def test_markup_crosses_as_json_only(served, hostile):
    about = served.anna.get("/api/about").json()
    served.anna.post("/api/save", text=f"# {hostile}", base=about["base"])
    for asker, path in ((served.teacher, "/api/class"), (served.anna, "/api/me")):
        answer = asker.get(path)
        assert answer.headers["content-type"] == "application/json"
    text = served.teacher.post("/api/class/text", person=1)
    assert text.headers["content-type"] == "application/json"
    assert text.json()["text"] == f"# {hostile}"


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{", b"\xff" * 99, b"[" * 9999, b'{"text":"' + b"a" * 3 * TEXT_MAX]
)
@pytest.mark.parametrize("way", ["/api/save", "/api/submit", "/api/enter", "/api/class/race"])
def test_bodies_that_are_no_requests_and_huge_ones_do_no_harm(served, content, way):
    for asker in (served.anna, served.teacher):
        headers = {**asker.headers, "content-type": "application/json"}
        answer = served.post(way, content=content, headers=headers)
        assert answer.status_code in (200, 400, 401, 409)
    race = served.room.store.race()
    if race is not None and race["closed"] is None:
        served.room.store.close_race()


def test_sockets_are_few_and_one_that_talks_is_closed(served):
    served.ben.get("/api/about")
    viewers = served.room.members._all[2].lab.hub._viewers
    until(lambda: not viewers)
    with contextlib.ExitStack() as opened:
        first, *_ = (opened.enter_context(served.ben.socket()) for _ in range(VIEWERS_MAX))
        with pytest.raises(WebSocketDisconnect), served.ben.socket():
            pass
        for _ in range(WORDS_MAX):
            first.send_text("x")
        until(lambda: len(viewers) == VIEWERS_MAX - 1)


def test_each_person_may_change_things_so_often_and_no_more():
    now = [0.0]
    rates = Rates(clock=lambda: now[0])
    anna, ben = Who(Role.STUDENT, 1), Who(Role.STUDENT, 2)
    assert sum(rates.allow(anna) for _ in range(200)) == BURST
    assert rates.allow(ben)
    now[0] += 1.0
    assert 9 <= sum(rates.allow(anna) for _ in range(200)) <= 10


def test_a_goal_is_checked_by_the_server_from_the_laps(served):
    served.ben.post("/api/learn", lesson="progress")
    assert served.ben.get("/api/me").json()["lesson"]["best_lap_s"] == 7.6
    drives(served, served.ben, 7.7)
    assert served.ben.get("/api/me").json()["goals"] == {}
    drives(served, served.ben, 7.5)
    assert served.ben.get("/api/me").json()["goals"] == {"progress": 7.5}
    (row,) = (p for p in served.teacher.get("/api/class").json()["people"] if p["name"] == "Ben")
    assert (row["lesson"], row["goals"], row["state"]) == ("progress", ["progress"], "finished")


def test_a_lesson_of_the_teacher_is_offered_and_texts_stay(served):
    served.teacher.post("/api/class/offer", lesson="heading")
    assert served.anna.get("/api/me").json()["offer"] == "heading"
    before = served.anna.get("/api/about").json()
    served.anna.post("/api/learn", lesson="heading")
    assert served.anna.get("/api/about").json()["file"] == "heading.py"
    assert "math" in served.anna.post("/api/solution").json()["text"]
    served.anna.post("/api/learn", lesson="center_line")
    assert served.anna.get("/api/about").json()["text"] == before["text"]


def test_a_race_is_judged_once_and_its_road_is_hidden_until_it_closes(served):
    room = served.room
    assert served.ben.post("/api/submit", key="key-000001").json()["error"] == "no race is open."
    served.teacher.post("/api/class/race", track="new", laps=2)
    assert "generated" in served.teacher.get("/api/board").text
    for asker in (served.ben, served.guest):
        assert "generated" not in asker.get("/api/board").text
        assert asker.get("/api/film").status_code == 400
    drives(served, served.ben)
    first = served.ben.post("/api/submit", key="key-000001").json()
    assert served.ben.post("/api/submit", key="key-000001").json() == {"entry": first["entry"]}
    again = served.ben.post("/api/submit", key="key-000002")
    assert "one submission a minute" in again.json()["error"]
    until(lambda: not room.store.waiting())
    (row,) = served.guest.get("/api/board").json()["rows"]
    assert (row["name"], row["tries"], row["mine"]) == ("Ben", 1, False)
    assert row["score_s"] == 7.0 + first["entry"] / 8
    assert served.ben.get("/api/board").json()["rows"][0]["mine"]
    assert "Ben,7." in served.teacher.get("/api/class/board.csv").text
    served.teacher.post("/api/class/close")
    assert "generated" in served.ben.get("/api/board").text
    assert served.ben.post("/api/submit", key="key-000003").json()["error"] == "no race is open."


def test_a_run_of_someone_else_is_neither_submitted_nor_deleted(served):
    drives(served, served.ben)
    served.ben.post("/api/keep")
    (run,) = served.ben.get("/api/me").json()["runs"]
    served.teacher.post("/api/class/race", track="oval")
    for name in (run, f"../../2/runs/{run}", "../runs", ".draft"):
        for way in ("submit", "delete"):
            answer = served.anna.post(f"/api/{way}", run=name, key="key-000009")
            assert answer.json()["error"] == "you have no run of this name."
    assert served.ben.post("/api/delete", run=run).status_code == 200
    assert served.ben.get("/api/me").json()["runs"] == []
    served.teacher.post("/api/class/close")


def test_the_teacher_stops_pauses_and_lets_in(served):
    link = served.teacher.post("/api/class/add", name="Cleo").json()["link"]
    cleo = Asker(served, link.partition("#")[2])
    assert cleo.get("/api/me").json()["name"] == "Cleo"
    new = served.teacher.post("/api/class/link", person=3).json()["link"]
    assert cleo.get("/api/me").status_code == 401
    cleo = Asker(served, new.partition("#")[2])
    served.teacher.post("/api/class/pause", on=True)
    about = cleo.get("/api/about").json()
    answer = cleo.post("/api/save", text="# x", base=about["base"])
    assert "paused the room" in answer.json()["error"]
    served.teacher.post("/api/class/pause", on=False)
    served.teacher.post("/api/class/stop", person=3)
    (row,) = (p for p in served.teacher.get("/api/class").json()["people"] if p["name"] == "Cleo")
    assert row["state"] == "stopped"
    log = served.room.store.read("SELECT person, what FROM log")
    assert {"person": 3, "what": "joined"} in log
    assert {"person": 0, "what": "stop 3"} in log


def test_thumbnails_are_sent_once(served):
    drives(served, served.anna)
    (row,) = (p for p in served.teacher.get("/api/class").json()["people"] if p["name"] == "Anna")
    assert row["lap"]
    seen = json.dumps({str(row["id"]): row["lap_number"]})
    answer = served.teacher.get(f"/api/class?seen={seen}").json()
    (row,) = (p for p in answer["people"] if p["name"] == "Anna")
    assert "lap" not in row
    for seen in ("[[", "5", "[5]", "null"):
        assert served.teacher.get(f"/api/class?seen={seen}").status_code == 200


def test_a_lab_of_a_class_is_the_lab(served):
    drives(served, served.anna)
    with served.anna.socket() as socket:
        assert socket.receive_bytes()[0] == Kind.START
    assert served.anna.post("/api/rescore", text="x").status_code == 400
    assert served.anna.post("/api/replay").status_code == 400
    assert served.anna.get("/api/garage").status_code == 404


def test_addresses_that_are_printed_can_be_reached():
    assert addresses_of("192.168.1.5") == ["192.168.1.5"]
    assert all(not one.startswith("127.") or one == "127.0.0.1" for one in addresses_of("0.0.0.0"))
