"""The labs of a class: one for each person, made when the person first asks for it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool

from racer.config import Config
from racer.lab.core.classroom.lessons import Lesson, lesson
from racer.lab.core.classroom.room import Room, strict, within_limits
from racer.lab.core.classroom.store import Store
from racer.lab.core.desk import Desk
from racer.lab.core.drafts import Drafts
from racer.lab.core.job import Job
from racer.lab.core.slot import slot
from racer.lab.web.app import Lab
from racer.storage import files

VIEWERS_MAX = 4  # sockets of one person


class Member:
    """One person's folder, lesson and lab."""

    def __init__(self, person: int, folder: Path, owned: contextlib.ExitStack) -> None:
        self.person, self.folder, self.owned = person, folder, owned
        self.drafts_in: Path
        self.lesson: Lesson
        self.lab: Lab

    @property
    def runs_dir(self) -> Path:
        """Of kept runs."""
        return self.folder / "runs"

    def runs(self) -> list[str]:
        """Names of kept runs, the newest first."""
        found = self.runs_dir.glob("[!.]*/manifest.json")
        return sorted((path.parent.name for path in found), reverse=True)


class Members:
    """Everybody's labs.

    Args:
        store: who learns what.
        room: their turns.
        folder: of people.
    """

    def __init__(self, store: Store, room: Room, folder: Path) -> None:
        self._store, self._room, self._folder = store, room, folder
        self._all: dict[int, Member] = {}
        self._making = asyncio.Lock()

    async def of(self, person: int) -> Member:
        """Someone's lab; it begins to train when it is made."""
        async with self._making:
            if person not in self._all:
                known = self._store.person(person)
                member = await run_in_threadpool(self._moved_in, person)
                await self._begin(member, lesson(str(known["lesson"])))
                self._all[person] = member
            return self._all[person]

    async def learn(self, person: int, name: str) -> None:
        """Someone begins a lesson; texts of other lessons stay as they are."""
        chosen, member = lesson(name), await self.of(person)
        if member.lesson is chosen:
            return
        async with self._making:
            await member.lab.stop_all()
            await run_in_threadpool(self._store.learns, person, name)
            await self._begin(member, chosen)

    async def close(self) -> None:
        """End every lab."""
        for member in self._all.values():
            await member.lab.stop_all()
            member.owned.close()

    def ticket(self, name: str) -> str | None:
        """The replay of an address that works once, no matter who asks for it."""
        found = (member.lab.taken(name) for member in self._all.values())
        return next((text for text in found if text is not None), None)

    def _moved_in(self, person: int) -> Member:
        folder = self._folder / str(person)
        with files.disk_errors(f"a folder in {self._folder}"):
            files.make_folder(folder / "runs")
        owned = contextlib.ExitStack()
        member = Member(person, folder, owned)
        member.drafts_in = owned.enter_context(slot(member.runs_dir))
        return member

    async def _begin(self, member: Member, chosen: Lesson) -> None:
        file = member.folder / f"{chosen.name}.py"
        if not file.is_file():
            await run_in_threadpool(files.write_output, file, chosen.text.encode())
        config = strict(Config(), chosen.settings | {"race.reward": str(file)})
        member.lesson = chosen
        member.lab = Lab(
            config,
            lambda changed, _other: Desk(file, changed),
            self._drafts_of(member, config),
            shown=file.name,
            may_keep=lambda: within_limits(member.folder, len(member.runs())),
            viewers=VIEWERS_MAX,
        )
        await member.lab.start()

    def _drafts_of(self, member: Member, config: Config) -> Callable[[Any, Any], Drafts]:
        state, folder = self._room.state(member.person), str(member.folder)
        chosen = member.lesson

        def finished(result: dict[str, Any]) -> None:
            if chosen.reached(result):
                self._store.reached(member.person, chosen.name, result.get("best_lap_s"))

        def made(tell: Callable[[str], None], hear: Any) -> Drafts:
            def say(text: str) -> None:
                state.said = text.replace(f"{folder}/", "")
                tell(state.said)

            return Drafts(
                config,
                member.runs_dir,
                member.drafts_in,
                job=Job(0, "", "", command=("racer", "lab", "--class")),
                tell=say,
                hear=hear,
                made=self._room.seat(member.person),
                finished=finished,
                frugal=True,
            )

        return made
