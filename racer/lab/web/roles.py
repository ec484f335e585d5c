"""Who may do what in a class: every route names its role, and is asked for it here."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection
from enum import IntEnum
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from racer.lab.web.guard import READS, SECRET, foreign, refuse, with_headers

RATE, BURST = 10.0, 60.0  # changes a second, and at once, of one person
Endpoint = Callable[[Request], Awaitable[Response]]


class Role(IntEnum):
    """Of a request."""

    ANYONE = 0  # sees pages without anything of anyone
    GUEST = 1  # sees the board and the race
    STUDENT = 2  # has a lab
    TEACHER = 3


class Who(NamedTuple):
    """Who asks.

    Attributes:
        role: of the secret.
        person: number of a student; 0 otherwise.
    """

    role: Role
    person: int = 0


class Way(NamedTuple):
    """A route and who may take it: a student and a teacher have ways of their own."""

    path: str
    role: Role
    endpoint: Endpoint
    methods: tuple[str, ...] = ("GET",)


class OwnPages:
    """Wraps the application of a class: nothing of another site passes.

    There are no cookies, so a browser gives away nothing by itself: who asks must have the secret.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str]) -> None:
        self._app, self._hosts = app, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif (refused := foreign(scope, self._hosts)) is not None:
            await refuse(refused, scope, receive, send)
        else:
            await self._app(scope, receive, with_headers(send))


class Rates:
    """How often each person may change something."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._left: dict[Who, tuple[float, float]] = defaultdict(lambda: (BURST, clock()))

    def allow(self, who: Who) -> bool:
        """Whether one more is allowed now."""
        left, at = self._left[who]
        now = self._clock()
        left = min(left + (now - at) * RATE, BURST) - 1.0
        self._left[who] = max(left, -1.0), now
        return left >= 0.0


def may(who: Who, role: Role) -> bool:
    """Whether someone may take a route of this role."""
    return who.role == role if role >= Role.STUDENT else who.role >= role


def routes(ways: Collection[Way], asks: Callable[[str], Who], rates: Rates) -> list[Route]:
    """Routes that ask for the role first.

    Args:
        ways: all of them.
        asks: who has a secret.
        rates: of changes.
    """

    def guarded(way: Way) -> Endpoint:
        async def asked(request: Request) -> Response:
            who = asks(request.headers.get(SECRET, ""))
            if not may(who, way.role):
                words = "Come in by the door first: with the code of the class and a name."
                return JSONResponse({"error": words}, 401)
            changes = request.method not in READS
            if changes and way.role > Role.ANYONE and not rates.allow(who):
                return JSONResponse({"error": "That was very often. Wait a few seconds."}, 429)
            request.state.who = who
            return await way.endpoint(request)

        return asked

    return [Route(way.path, guarded(way), methods=list(way.methods)) for way in ways]
