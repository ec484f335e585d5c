"""Routes of one person's lab beside the editor: debugger, garage and settings."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from racer.config import Config
from racer.errors import UsageError
from racer.lab.core import garage, settings
from racer.lab.core.desk import TEXT_MAX, digest
from racer.lab.core.elsewhere import Elsewhere
from racer.lab.core.garage import Garage
from racer.lab.core.looker import Looker
from racer.lab.web.body import body_of, gone
from racer.render import html

RUNS_MAX = 200  # of one question
FILES_MAX = 4  # packed ones that wait to be fetched
NAMES = ("lab", "debugger", "garage", "settings")

T = TypeVar("T")


@dataclass(frozen=True)
class Packed:
    """A file to be fetched."""

    name: str
    kind: str
    content: bytes


class Views:
    """What the routes work on.

    Args:
        lab: of the person, with its drafts and desk.
        runs: the folder of kept runs.
    """

    def __init__(self, lab: Any, runs: Garage) -> None:
        self._lab, self._garage, self._looker = lab, runs, Looker()
        self._elsewhere = Elsewhere()
        self._files: dict[str, Packed] = {}
        self._one = asyncio.Lock()  # look, or pay, at a time

    def close(self) -> None:
        """End every process."""
        self._looker.close()
        self._elsewhere.close()

    def _laps(self, run: str) -> Path:
        """The recording of a run; of the draft that is shown where none is named."""
        if run:
            return self._garage.laps(run)
        draft = self._lab.drafts.shown
        if draft is None or draft.laps is None:
            raise UsageError("no laps yet: they are driven when a draft has finished.")
        return Path(draft.laps)

    async def _ask(self, ask: Callable[[], T]) -> T:
        async with self._one:
            return await run_in_threadpool(ask)

    # -- debugger

    async def laps(self, request: Request) -> Response:
        """A recording for the player, with the best laps of other runs beside it."""
        asked = await body_of(request)
        run, names = _word(asked, "run"), _words(asked, "ghosts")

        def ask() -> dict[str, Any]:
            trace = self._looker.trace(self._laps(run))
            text = self._garage.open(run).reward_text() if run else ""
            ghosts = {name: self._garage.laps(name) for name in names if name != run}
            return garage.recording(trace, ghosts, text)

        return JSONResponse(await self._ask(ask))

    async def pay(self, request: Request) -> Response:
        """What a text pays for every step of a recording."""
        asked = await body_of(request)
        run, text, file = _word(asked, "run"), _text(asked), self._lab.desk.file
        found = await self._ask(lambda: self._looker.paid(self._laps(run), file, text))
        return JSONResponse(found)

    async def look(self, request: Request) -> Response:
        """What the call for one step does, line by line."""
        asked = await body_of(request)
        run, text, file = _word(asked, "run"), _text(asked), self._lab.desk.file
        row = asked.get("row")
        at = row if type(row) is int else 0
        found = await self._ask(lambda: self._looker.look(self._laps(run), file, text, at))
        return JSONResponse(found)

    async def open(self, request: Request) -> Response:
        """An address that shows a recording as a page of its own, once."""
        run = _word(await body_of(request), "run")
        text = await self._ask(lambda: html.page(self._looker.trace(self._laps(run))))
        return JSONResponse({"path": self._lab.address_of(text)})

    # -- garage

    async def runs(self, request: Request) -> Response:
        """Some of the runs."""
        asked = await body_of(request)
        start = asked.get("start")
        found = await run_in_threadpool(
            self._garage.page,
            _word(asked, "words"),
            _word(asked, "sort"),
            start if type(start) is int else 0,
        )
        return JSONResponse(found)

    async def run(self, request: Request) -> Response:
        """Everything of one run."""
        name = _word(await body_of(request), "run")
        return JSONResponse(await run_in_threadpool(self._garage.about, name))

    async def compare(self, request: Request) -> Response:
        """Which is better, by how much, and whether that is more than noise."""
        names = _words(await body_of(request), "runs")
        return JSONResponse(await run_in_threadpool(self._garage.compare, names))

    async def delete(self, request: Request) -> Response:
        """Put runs into the bin."""
        names = _words(await body_of(request), "runs")
        return JSONResponse({"names": await run_in_threadpool(self._garage.delete, names)})

    async def restore(self, request: Request) -> Response:
        """Put runs of the bin back."""
        names = _words(await body_of(request), "runs")
        await run_in_threadpool(self._garage.restore, names)
        return JSONResponse({})

    async def bin(self, _request: Request) -> Response:
        """What is in the bin."""
        return JSONResponse({"runs": await run_in_threadpool(self._garage.bin)})

    async def evaluate(self, request: Request) -> Response:
        """Drive a run on another track."""
        asked = await body_of(request)
        run, track = self._garage.open(_word(asked, "run")), _word(asked, "track")
        return JSONResponse(
            await run_in_threadpool(self._elsewhere.drive, run.folder, track, self._garage.runs_dir)
        )

    async def pack(self, request: Request) -> Response:
        """An address that gives a run as a file, once."""
        asked = await body_of(request)
        run, kind = _word(asked, "run"), _word(asked, "kind")
        if kind not in ("html", "zip"):
            raise UsageError(f"{kind[:20]!r}: a run can be packed as html or zip.")
        source = asked.get("source") is True
        content = await run_in_threadpool(
            lambda: (
                self._garage.zip(run) if kind == "zip" else self._garage.html(run, source=source)
            )
        )
        ticket = secrets.token_urlsafe(16)
        waiting = list(self._files.items())[-FILES_MAX + 1 :]
        self._files = {**dict(waiting), ticket: Packed(f"{run}.{kind}", kind, content)}
        return JSONResponse({"path": f"/file/{ticket}", "bytes": len(content)})

    async def file(self, request: Request) -> Response:
        """The file of an address, to be saved: no browser shows it as a page of ours."""
        packed = self._files.pop(request.path_params["name"], None)
        if packed is None:
            return gone("This address was good for once. Ask for another.", request)
        headers = {
            "content-disposition": f'attachment; filename="{_plain(packed.name)}"',
            "content-security-policy": "sandbox; default-src 'none'",
        }
        kind = {"zip": "application/zip", "html": "text/html; charset=utf-8"}[packed.kind]
        return Response(packed.content, media_type=kind, headers=headers)

    async def clone(self, request: Request) -> Response:
        """A run's reward and settings as a new draft; with a policy of it to start from, or not."""
        asked = await body_of(request)
        run, policy = _word(asked, "run"), _word(asked, "policy")
        if policy not in ("", "best", "last"):
            raise UsageError(f"{policy[:20]!r}: a training goes on from best or last.")
        lab = self._lab

        def ask() -> Path:
            file, config = self._garage.clone(run, lab.desk.file)
            folder = str(self._garage.open(run).folder.resolve()) if policy else ""
            lab.turn_to(file, config, parent=folder, policy=policy)
            return file

        file = await self._ask(ask)
        text = file.read_text(encoding="utf-8")
        return JSONResponse({"text": text, "base": digest(text)} | lab.facts())

    # -- settings

    async def settings(self, _request: Request) -> Response:
        """Every setting of the next draft."""
        return JSONResponse({"settings": settings.listed(self._lab.config)})

    async def set(self, request: Request) -> Response:
        """Change settings, and train with them."""
        asked = await body_of(request)
        given = asked.get("settings")
        if not isinstance(given, dict) or not given:
            raise UsageError("nothing was changed.")
        lab = self._lab

        def ask() -> None:
            config: Config = settings.changed(lab.config, given)
            lab.turn_to(lab.desk.file, config)

        await self._ask(ask)
        return JSONResponse({"settings": settings.listed(lab.config)} | lab.facts())

    def routes(self) -> list[Route]:
        """All of them."""
        ways = {
            "laps": self.laps,
            "pay": self.pay,
            "look": self.look,
            "open": self.open,
            "runs": self.runs,
            "run": self.run,
            "compare": self.compare,
            "delete": self.delete,
            "restore": self.restore,
            "bin": self.bin,
            "evaluate": self.evaluate,
            "pack": self.pack,
            "clone": self.clone,
            "settings": self.settings,
            "set": self.set,
        }
        posts = [Route(f"/api/{name}", way, methods=["POST"]) for name, way in ways.items()]
        return [*posts, Route("/file/{name}", self.file)]


def _word(asked: dict[str, Any], name: str) -> str:
    value = asked.get(name, "")
    return value[:200].replace("\0", "") if isinstance(value, str) else ""


def _words(asked: dict[str, Any], name: str) -> list[str]:
    value = asked.get(name, [])
    return (
        [one[:200] for one in value[:RUNS_MAX] if isinstance(one, str)]
        if isinstance(value, list)
        else []
    )


def _text(asked: dict[str, Any]) -> str:
    return str(asked.get("text", ""))[:TEXT_MAX]


def _plain(name: str) -> str:
    """A name that no header can be made of."""
    return "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "_" for c in name)
