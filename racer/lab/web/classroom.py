"""The routes of a class: a door, a lab for each person, a page for the teacher, one to project."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from racer.errors import RacerError, UsageError
from racer.lab.core.classroom import races
from racer.lab.core.classroom.door import Door
from racer.lab.core.classroom.judging import Judging
from racer.lab.core.classroom.lessons import FIRST, LESSONS, lesson
from racer.lab.core.classroom.room import Room
from racer.lab.core.classroom.store import Store
from racer.lab.web.app import failed
from racer.lab.web.body import body_of, gone
from racer.lab.web.guard import same
from racer.lab.web.members import Members
from racer.lab.web.pages import page, static
from racer.lab.web.roles import Rates, Role, Way, Who, routes
from racer.storage import files

SUBMIT_S = 60.0  # between two submissions of a person
NOBODY = Who(Role.ANYONE)


class Classroom:
    """What the routes work on.

    Args:
        store: people and scores.
        room: their turns.
        judging: scores submissions.
        folder: of the class.
        address: of the door, as students type it.
    """

    def __init__(
        self, store: Store, room: Room, judging: Judging, folder: Path, address: str
    ) -> None:
        self.store, self.room, self.judging = store, room, judging
        self.folder, self.address = folder, address
        self.members = Members(store, room, folder / "people")
        self.teacher, self.guest = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        self.rates, self.offer = Rates(), ""
        self._door, self._submitted = Door(store.code), dict[int, float]()
        self._paying = asyncio.Semaphore(1)  # guarded processes beside those of the trainings

    @property
    def entries(self) -> Path:
        """The folder of submissions."""
        return self.folder / "entries"

    def who(self, secret: str) -> Who:
        """Who has a secret."""
        if same(secret, self.teacher):
            return Who(Role.TEACHER)
        if same(secret, self.guest):
            return Who(Role.GUEST)
        person = self.store.who(secret) if secret else None
        return NOBODY if person is None else Who(Role.STUDENT, person)

    @contextlib.asynccontextmanager
    async def running(self, _app: Any = None) -> AsyncIterator[None]:
        """Until every process has ended."""
        async with contextlib.AsyncExitStack() as ends:  # each of them, whatever another raises
            ends.push_async_callback(run_in_threadpool, self.judging.close)
            ends.push_async_callback(run_in_threadpool, self.room.close)
            ends.push_async_callback(self.members.close)
            ends.push_async_callback(run_in_threadpool, self.room.pause, True)
            yield

    # -- everybody

    async def enter(self, request: Request) -> Response:
        """Come in with the code and a name: the secret to come back with."""
        given = await body_of(request)
        self._door.check(str(given.get("code", "")))
        wanted = str(given.get("lesson", ""))
        first = wanted if wanted in LESSONS else self.offer or FIRST
        _, key = await run_in_threadpool(self.store.join, str(given.get("name", "")), first)
        return JSONResponse({"key": key})

    async def replay(self, request: Request) -> Response:
        """The replay of an address that works once."""
        text = self.members.ticket(request.path_params["name"])
        if text is None:
            return gone("This address was good for one look. Ask for another.", request)
        return HTMLResponse(text)

    # -- guests too

    async def board(self, request: Request) -> Response:
        """The newest race, without its road while it is hidden."""
        who: Who = request.state.who
        race = self.store.race()
        if race is None:
            return JSONResponse({"race": None, "rows": []})
        shown = dict(race)
        if race["closed"] is None and who.role != Role.TEACHER:
            del shown["track"]
        names = (*races.COLUMNS, "person", "failed", "waiting", "progress_pct")
        rows = [{n: row[n] for n in names} for row in races.board(self.store, race["id"])]
        for row in rows:
            row["mine"] = row.pop("person") == who.person
        return JSONResponse({"race": shown, "rows": rows})

    async def film(self, request: Request) -> Response:
        """The best laps of all, to be raced; for others than the teacher when it is closed."""
        race = self.store.race()
        if race is None or (race["closed"] is None and request.state.who.role != Role.TEACHER):
            raise UsageError("the race is shown when it is closed.")
        found = await run_in_threadpool(races.film, self.store, race["id"], self.entries)
        return JSONResponse(found)

    # -- students

    async def lab(self, request: Request) -> Response:
        """What the lab of one person answers, under the name that the lab's page calls it by."""
        member = await self.members.of(request.state.who.person)
        action = request.url.path.rpartition("/")[2]
        actions = {
            "about": member.lab.about,
            "check": member.lab.check,
            "save": member.lab.save,
            "keep": member.lab.keep,
            "stop": member.lab.stop,
            "replay": member.lab.ticket,
        }
        if action == "rescore":
            async with self._paying:
                return await member.lab.rescore(request)
        if action == "save" and self.room.turns.paused:
            raise UsageError("your teacher paused the room. Save again when it goes on.")
        return await actions[action](request)

    async def me(self, request: Request) -> Response:
        """What the bar above someone's lab shows."""
        person = request.state.who.person
        member, race = await self.members.of(person), self.store.race()
        known = self.store.person(person)
        goals = self.store.read("SELECT lesson, best_lap_s FROM goals WHERE person = ?", person)
        place, state = self.room.place(person), self.room.state(person)
        return JSONResponse(
            {
                "name": known["name"],
                "lesson": member.lesson.to_json(),
                "lessons": [one.to_json() for one in LESSONS.values()],
                "goals": {one["lesson"]: one["best_lap_s"] for one in goals},
                "offer": self.offer,
                "state": state.words,
                "place": place and place[0],
                "seconds": place and place[1],
                "paused": self.room.turns.paused,
                "runs": member.runs(),
                "race": race
                and {"id": race["id"], "title": race["title"], "open": race["closed"] is None},
            }
        )

    async def learn(self, request: Request) -> Response:
        """Begin a lesson."""
        name = str((await body_of(request)).get("lesson", ""))
        await self.members.learn(request.state.who.person, lesson(name).name)
        return JSONResponse({})

    async def solution(self, request: Request) -> Response:
        """One reward that reaches the goal of a lesson; that it was looked at is noted."""
        person = request.state.who.person
        member = await self.members.of(person)
        await run_in_threadpool(self.store.log, person, f"solution of {member.lesson.name}")
        return JSONResponse({"text": lesson(member.lesson.solution).text})

    async def delete(self, request: Request) -> Response:
        """Remove a kept run."""
        member = await self.members.of(request.state.who.person)
        name = str((await body_of(request)).get("run", ""))
        if name not in member.runs():
            raise UsageError("you have no run of this name.")
        await run_in_threadpool(files.remove_folder, member.runs_dir / name)
        return JSONResponse({})

    async def submit(self, request: Request) -> Response:
        """Submit a run, or the draft that is shown; the same key twice is one submission."""
        person, given = request.state.who.person, await body_of(request)
        member, key = await self.members.of(person), str(given.get("key", ""))
        old, race = self.store.entry_of(person, key), self.store.race()
        if old is not None:
            return JSONResponse({"entry": old})
        if race is None or race["closed"] is not None:
            raise UsageError("no race is open.")
        wait = self._submitted.get(person, -SUBMIT_S) + SUBMIT_S - asyncio.get_running_loop().time()
        if wait > 0:
            raise UsageError(f"one submission a minute: again in {wait:.0f} s.")
        name = str(given.get("run", ""))
        source = self._source(member, name)
        folder = await run_in_threadpool(races.deposit, source, self.entries)
        entry, new = await run_in_threadpool(
            self.store.enter, race["id"], person, key, folder, name or "draft"
        )
        self._submitted[person] = asyncio.get_running_loop().time()
        self.judging.look()
        return JSONResponse({"entry": entry, "new": new})

    @staticmethod
    def _source(member: Any, name: str) -> Path:
        if name:
            if name not in member.runs():
                raise UsageError("you have no run of this name.")
            return Path(member.runs_dir / name)
        draft = member.lab.drafts.shown
        if draft is None or draft.result is None or draft.folder is None:
            raise UsageError("no draft has finished yet. Wait for its laps, then submit.")
        return Path(draft.folder)

    async def live(self, socket: WebSocket) -> None:
        """Everything that happens in one person's lab."""
        who = self.who(socket.query_params.get("secret", ""))
        if who.role != Role.STUDENT:
            await socket.close(4403)
            return
        await (await self.members.of(who.person)).lab.hub.serve(socket)

    # -- the teacher

    async def roster(self, request: Request) -> Response:
        """Everybody, what they do, and laps of now that the page has not seen."""
        seen: dict[str, Any] = {}
        with contextlib.suppress(ValueError, TypeError, RecursionError):
            seen = dict(json.loads(request.query_params.get("seen", "{}")))
        goals: dict[int, list[str]] = {}
        for row in self.store.read("SELECT person, lesson FROM goals"):
            goals.setdefault(row["person"], []).append(row["lesson"])
        people = [
            self._row(one, goals.get(one["id"], []), seen.get(str(one["id"])))
            for one in self.store.people()
        ]
        return JSONResponse(
            {
                "people": people,
                "code": self.store.code,
                "address": self.address,
                "guest": self.guest,
                "paused": self.room.turns.paused,
                "slots": self.room.turns.slots,
                "offer": self.offer,
            }
        )

    def _row(self, one: dict[str, Any], goals: list[str], seen: Any) -> dict[str, Any]:
        state, place = self.room.state(one["id"]), self.room.place(one["id"])
        row = state.row or {}
        found = {
            "id": one["id"],
            "name": one["name"],
            "lesson": one["lesson"],
            "goals": goals,
            "state": state.words,
            "place": place and place[0],
            "said": state.said,
            "laps_pct": row.get("laps_pct"),
            "best_lap_s": row.get("best_lap_s"),
            "lap_number": state.laps,
        }
        if state.start and seen != state.laps:
            found["start"] = json.loads(state.start)
            found["lap"] = base64.b64encode(state.lap[16:]).decode()
        return found

    async def act(self, request: Request) -> Response:
        """What the teacher's buttons do."""
        given, action = await body_of(request), request.path_params["action"]
        person = given.get("person")
        number = person if isinstance(person, int) and 0 < person < 2**31 else 0
        if action == "pause":
            await run_in_threadpool(self.room.pause, bool(given.get("on")))
        elif action == "stop":
            await run_in_threadpool(self.room.stop_person, number)
        elif action == "first":
            self.room.put_first(number)
        elif action == "offer":
            self.offer = lesson(str(given.get("lesson", ""))).name
        elif action == "link":
            return JSONResponse({"link": self._link(self.store.new_key(number))})
        elif action == "add":
            _, key = self.store.join(str(given.get("name", "")), self.offer or FIRST)
            return JSONResponse({"link": self._link(key)})
        elif action == "race":
            settings = await run_in_threadpool(races.settings_of, given)
            return JSONResponse({"race": self.store.open_race(settings)})
        elif action == "close":
            self.store.close_race()
        elif action == "text":
            member = await self.members.of(number)
            return JSONResponse({"text": member.lab.desk.text()})
        else:
            raise UsageError("there is no such action.")
        await run_in_threadpool(self.store.log, 0, f"{action} {number or ''}".strip())
        return JSONResponse({})

    def _link(self, key: str) -> str:
        return f"{self.address}/lab#{key}"

    async def choices(self, _request: Request) -> Response:
        """Tracks and lessons that the teacher chooses from, and the code to be scanned."""
        import segno

        from racer.render import html
        from racer.tracks import Track

        picture = segno.make(self.address, error="m", micro=False).matrix
        return JSONResponse(
            {
                "tracks": sorted(Track.names()),
                "lessons": [one.to_json() for one in LESSONS.values()],
                "shape": html.shared()["shape"],
                "qr": ["".join("#" if bit else "." for bit in row) for row in picture],
            }
        )

    async def csv(self, _request: Request) -> Response:
        """The board for a spreadsheet."""
        race = self.store.race()
        text = races.csv_of(races.board(self.store, race["id"]) if race else [])
        return PlainTextResponse(text, media_type="text/csv")

    def ways(self) -> list[Way]:
        """Every route but the socket, with its role."""
        post = ("POST",)
        pages = {"": "door", "lab": "member", "teacher": "teacher", "projector": "projector"}
        lab = ("check", "save", "keep", "stop", "replay", "rescore")
        return [
            *(Way(f"/{path}", Role.ANYONE, page(name)) for path, name in pages.items()),
            Way("/static/{name}", Role.ANYONE, static),
            Way("/replay/{name}", Role.ANYONE, self.replay),
            Way("/api/enter", Role.ANYONE, self.enter, post),
            Way("/api/board", Role.GUEST, self.board),
            Way("/api/film", Role.GUEST, self.film),
            Way("/api/about", Role.STUDENT, self.lab),
            *(Way(f"/api/{name}", Role.STUDENT, self.lab, post) for name in lab),
            Way("/api/me", Role.STUDENT, self.me),
            Way("/api/learn", Role.STUDENT, self.learn, post),
            Way("/api/solution", Role.STUDENT, self.solution, post),
            Way("/api/delete", Role.STUDENT, self.delete, post),
            Way("/api/submit", Role.STUDENT, self.submit, post),
            Way("/api/class", Role.TEACHER, self.roster),
            Way("/api/class/choices", Role.TEACHER, self.choices),
            Way("/api/class/board.csv", Role.TEACHER, self.csv),
            Way("/api/class/{action}", Role.TEACHER, self.act, post),
        ]


def application(room: Classroom) -> Starlette:
    """The routes, without the guard of `racer.lab.web.roles.OwnPages`."""
    return Starlette(
        routes=[
            *routes(room.ways(), room.who, room.rates),
            WebSocketRoute("/ws/live", room.live),
        ],
        exception_handlers={RacerError: failed},
        lifespan=room.running,
    )
