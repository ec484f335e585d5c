"""The lab's routes: a page, what it loads, what its buttons do, and the socket it watches."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from racer.config import Config
from racer.errors import RacerError, UsageError
from racer.lab.core.classroom.lessons import FIRST
from racer.lab.core.desk import TEXT_MAX, Changed, Desk, check, digest
from racer.lab.core.drafts import Drafts
from racer.lab.core.garage import Garage
from racer.lab.core.rescore import rescored
from racer.lab.web.body import body_of, gone
from racer.lab.web.hub import VIEWERS_MAX, Hub
from racer.lab.web.pages import page, static
from racer.lab.web.views import NAMES, Views
from racer.race import pack_of
from racer.recording.trace import Trace
from racer.render import html, table
from racer.render.live.wire import Kind
from racer.reward.file import LESSONS

REPLAYS_MAX = 8  # that wait to be opened
LOOK_S = 0.2  # between two looks at the file

Make = Callable[[Callable[[str], None], Callable[[Kind, bytes], None]], Drafts]


class Lab:
    """What the routes work on.

    Args:
        config: of every draft.
        desk_of: makes the desk, of what is called when the file changed, and another file.
        drafts_of: makes the drafts, of what is told and heard.
        shown: what pages call the file; its path by default.
        may_keep: called before a draft becomes a run; raises RacerError where it may not.
        viewers: sockets at a time.
    """

    def __init__(
        self,
        config: Config,
        desk_of: Callable[[Callable[[], None], Path | None], Desk],
        drafts_of: Make,
        *,
        shown: str = "",
        may_keep: Callable[[], None] = lambda: None,
        viewers: int = VIEWERS_MAX,
    ) -> None:
        self.config, self.hub, self._shown = config, Hub(viewers), shown
        self._may_keep = may_keep
        self._desk_of, self._drafts_of = desk_of, drafts_of
        self.views: tuple[str, ...] = ("lab",)  # that the page has
        self._replays: dict[str, str] = {}
        self._paying = asyncio.Lock()  # one guarded process at a time
        self.desk: Desk
        self.drafts: Drafts

    @contextlib.asynccontextmanager
    async def running(self, _app: Any = None) -> AsyncIterator[None]:
        """From the first save to the last process."""
        await self.start()
        try:
            yield
        finally:
            await self.stop_all()

    async def start(self) -> None:
        """Look at the file, and train it once."""
        self._loop = loop = asyncio.get_running_loop()

        def say(text: str) -> None:
            message = json.dumps({"words": text}).encode()
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(self.hub.say, message)

        def hear(kind: Kind, content: bytes) -> None:
            if kind == Kind.END:  # the drafts say it themselves, in words that pages translate
                return
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self.hub.hear, kind, content)

        self.drafts = self._drafts_of(say, hear)
        self.desk = self._desk_of(self.changed, None)
        await run_in_threadpool(self.drafts.save)
        self._looking = asyncio.create_task(self._look())

    async def stop_all(self) -> None:
        """Until the last process has ended."""
        self._looking.cancel()
        await run_in_threadpool(self.drafts.close)

    def changed(self) -> None:
        """Another program saved the file: pages get its text, and it is trained."""
        self._show()
        asyncio.get_running_loop().run_in_executor(None, self.drafts.save)

    def _show(self) -> None:
        """Tell every page, also those that come later, what is edited now."""
        text = self.desk.text()
        about = {"file": {"text": text, "base": digest(text)}, "facts": self.facts()}
        self.hub.show(json.dumps(about).encode())

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            self.desk.look()

    # -- routes

    async def about(self, _request: Request) -> Response:
        """What the page shows first."""
        text = self.desk.text()
        said = {"text": text, "base": digest(text), "table": html.shared() | lab_keys()}
        begun = text == (LESSONS / f"{FIRST}.py").read_text(encoding="utf-8")
        return JSONResponse(said | self.facts() | {"views": self.views, "first": begun})

    def facts(self) -> dict[str, Any]:
        """What is edited, and how it is trained."""
        return {
            "file": self._shown or str(self.desk.file),
            "track": self.config.race.where,
            "seed": self.config.train.seed,
            "from": self.drafts.starts_from,
        }

    def turn_to(self, file: Path, config: Config, *, parent: str = "", policy: str = "") -> None:
        """Edit another file with other settings from now on, and train it.

        Args:
            parent: folder of a run to start from; empty for fresh weights.
            policy: best or last of it.

        Raises:
            RacerError: the track or the car is not there.
        """
        pack_of(config.race)
        self.config = self.drafts.config = config
        self.drafts.start_from(parent, policy)
        if file != self.desk.file:
            self.desk = self._desk_of(self.changed, file)
        self._loop.call_soon_threadsafe(self._show)
        self.drafts.save()

    async def check(self, request: Request) -> Response:
        """What is wrong with a text, without running it."""
        text = (await body_of(request)).get("text", "")
        listed = await run_in_threadpool(check, self.desk.file, str(text)[:TEXT_MAX])
        return JSONResponse({"findings": listed})

    async def save(self, request: Request) -> Response:
        """Write the file and train it."""
        found = await body_of(request)
        text, base = str(found.get("text", "")), str(found.get("base", ""))
        try:
            self.desk.save(text, base)
        except Changed as changed:
            about = {"error": str(changed), "text": changed.text, "base": digest(changed.text)}
            return JSONResponse(about, 409)
        self._show()
        await run_in_threadpool(self.drafts.save)
        listed = await run_in_threadpool(check, self.desk.file, text)
        return JSONResponse({"base": digest(text), "findings": listed})

    async def keep(self, _request: Request) -> Response:
        """Make the draft that is shown a run."""
        await run_in_threadpool(self._may_keep)
        await run_in_threadpool(self.drafts.keep)
        return JSONResponse({})

    async def stop(self, _request: Request) -> Response:
        """End the draft that is shown; it is evaluated, and can be kept."""
        await run_in_threadpool(self.drafts.stop)
        return JSONResponse({})

    async def ticket(self, _request: Request) -> Response:
        """An address that shows the evaluation laps of the draft that is shown, once."""
        draft = self.drafts.shown
        if draft is None or draft.laps is None:
            raise UsageError("no laps yet: they are driven when a draft has finished.")
        laps = draft.laps
        text = await run_in_threadpool(lambda: html.page(Trace.load(laps)))
        return JSONResponse({"path": self.address_of(text)})

    def address_of(self, replay: str) -> str:
        """Where a replay can be seen once."""
        name = secrets.token_urlsafe(16)
        self._replays = {**dict(list(self._replays.items())[-REPLAYS_MAX + 1 :]), name: replay}
        return f"/replay/{name}"

    async def rescore(self, request: Request) -> Response:
        """What the text being edited would have paid on the recorded laps; nothing is trained."""
        text = str((await body_of(request)).get("text", ""))[:TEXT_MAX]
        draft = self.drafts.shown
        if draft is None or draft.laps is None:
            raise UsageError("no laps yet: they are driven when a draft has finished.")
        laps, file, sandbox = draft.laps, self.desk.file, self.config.race.sandbox
        async with self._paying:
            found = await run_in_threadpool(
                lambda: rescored(Trace.load(laps), file, text, sandbox=sandbox)
            )
        return JSONResponse(found)

    def taken(self, ticket: str) -> str | None:
        """The replay of an address that works once."""
        return self._replays.pop(ticket, None)

    async def replay(self, request: Request) -> Response:
        """The file that `racer watch --html` writes; its policy is in it."""
        text = self.taken(request.path_params["name"])
        if text is None:
            return gone("This address was good for one look. Ask for another.", request)
        return HTMLResponse(text)

    async def live(self, socket: WebSocket) -> None:
        """Everything that happens, to one viewer."""
        await self.hub.serve(socket)


def lab_keys() -> dict[str, Any]:
    """The keys of the page, from the table that all windows share."""
    return {
        "labKeys": [row[:2] for row in table.LAB_KEYS],
        "labActions": {key: what for row in table.LAB_KEYS for key, what in row.actions.items()},
    }


async def failed(_request: Request, error: Exception) -> Response:
    """A sentence for people."""
    return JSONResponse({"error": str(error)}, 400)


def application(lab: Lab, runs_dir: Path) -> Starlette:
    """The routes of one person, unguarded: see `racer.lab.web.guard`."""
    views, lab.views = Views(lab, Garage(runs_dir)), NAMES

    @contextlib.asynccontextmanager
    async def living(app: Any) -> AsyncIterator[None]:
        async with lab.running(app):
            yield
        views.close()

    return Starlette(
        routes=[
            Route("/", page("lab")),
            Route("/static/{name}", static),
            Route("/replay/{name}", lab.replay),
            Route("/api/about", lab.about),
            Route("/api/replay", lab.ticket, methods=["POST"]),
            Route("/api/check", lab.check, methods=["POST"]),
            Route("/api/rescore", lab.rescore, methods=["POST"]),
            Route("/api/save", lab.save, methods=["POST"]),
            Route("/api/keep", lab.keep, methods=["POST"]),
            Route("/api/stop", lab.stop, methods=["POST"]),
            *views.routes(),
            WebSocketRoute("/ws/live", lab.live),
        ],
        exception_handlers={RacerError: failed},
        lifespan=living,
    )
