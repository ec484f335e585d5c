"""Who may speak to the lab: asked before any route, of HTTP and of WebSockets alike.

A page of another site cannot, although the browser of the same person would send the cookie: the
`Host` must be one of ours (DNS rebinding), the `Origin` of whatever changes something must be ours
(cross-site requests and sockets). Another user of the machine cannot: the address with the token is
printed to the owner alone, and becomes a cookie that leaves the address. Browsers send the cookie
to every port of this host, so another server here may have it: by itself it shows the empty page
and nothing else. What is read, changed or watched takes a second secret, which comes behind the `#`
of the printed address: no request carries it, and the page keeps it in its tab.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Collection, Sequence
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from racer.render.words import in_language

READS = frozenset({"GET", "HEAD"})
SECRET = "x-racer-secret"
OWN_HOSTS = ("127.0.0.1", "localhost", "[::1]")
_REFUSED = 4403  # close code of a WebSocket
_DOOR = "Open the address that racer lab printed: it has a token in it."
HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-frame-options": "DENY",
}


def hosts_of(port: int, names: Sequence[str] = ()) -> frozenset[str]:
    """What `Host` may say: this machine's own names, and others."""
    return frozenset(f"{name}:{port}" for name in (*OWN_HOSTS, *names))


def foreign(scope: Scope, hosts: Collection[str]) -> Response | None:
    """The answer to what does not come from our own pages, or None."""
    headers = Headers(scope=scope)
    host, origin = headers.get("host", ""), headers.get("origin")
    changes = scope["type"] == "websocket" or scope["method"] not in READS
    if host not in hosts or any(len(headers.getlist(one)) > 1 for one in ("host", "origin")):
        return PlainTextResponse("This host is not the lab's.", 403)
    if (changes or origin is not None) and origin != f"http://{host}":
        return PlainTextResponse("Only the lab's own pages may do that.", 403)
    site, mode = headers.get("sec-fetch-site", "none"), headers.get("sec-fetch-mode", "")
    if site not in ("none", "same-origin") and mode != "navigate":
        return PlainTextResponse("Only the lab's own pages may do that.", 403)
    return None


class Keys:
    """The secrets of one start of the lab.

    Attributes:
        token: in the address that is printed; becomes the cookie.
        page: what a page proves itself with; in the address behind the `#`.
    """

    def __init__(self) -> None:
        self.token, self.page = secrets.token_urlsafe(32), secrets.token_urlsafe(32)


class Guard:
    """Wraps the application.

    Args:
        app: asked when all is well.
        keys: of this start.
        port: where it listens.
        names: hosts beside this machine's own.
    """

    def __init__(self, app: ASGIApp, keys: Keys, port: int, names: Sequence[str] = ()) -> None:
        self._app, self._keys = app, keys
        self._hosts = hosts_of(port, names)
        self._cookie = f"racer-lab-{port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        answer = self._refusal(scope)
        if answer is None:
            await self._app(scope, receive, with_headers(send))
        else:
            await refuse(answer, scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        """What a request is answered that may not pass."""
        headers = Headers(scope=scope)
        socket = scope["type"] == "websocket"
        changes = socket or scope["method"] not in READS
        if (refused := foreign(scope, self._hosts)) is not None:
            return refused
        query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
        given = query.get("token", [""])[0]
        if not socket and scope["path"] == "/" and given and same(given, self._keys.token):
            return self._let_in()
        if not same(_cookie(headers, self._cookie), self._keys.token):
            return _door(scope["path"], headers.get("accept-language", ""))
        secret = query.get("secret", [""])[0] if socket else headers.get(SECRET, "")
        guarded = changes or scope["path"].startswith("/api/")
        if guarded and not same(secret, self._keys.page):
            return PlainTextResponse("Open the address that racer lab printed at its start.", 403)
        return None

    def _let_in(self) -> Response:
        answer = RedirectResponse("/", 303)
        answer.set_cookie(self._cookie, self._keys.token, httponly=True, samesite="strict")
        return answer


async def refuse(answer: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer what may not pass."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": _REFUSED})
    else:
        await answer(scope, receive, with_headers(send))


def _door(path: str, accepts: str) -> Response:
    """What to open: a page for people, a sentence for a script that asks."""
    if path.startswith("/api/"):
        return PlainTextResponse(_DOOR, 401)
    words = in_language(_DOOR, accepts)
    language = "en" if words == _DOOR else "de"
    return HTMLResponse(
        f"<!doctype html><html lang={language}><meta charset=utf-8><title>racer lab</title>"
        f"<main><h1>racer lab</h1><p>{words}</p></main>",
        401,
    )


def _cookie(headers: Headers, name: str) -> str:
    for part in headers.get("cookie", "").split(";"):
        key, _, value = part.strip().partition("=")
        if key == name:
            return value
    return ""


def same(given: str, known: str) -> bool:
    """Whether two secrets are equal; takes equally long for all."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), known.encode())


def with_headers(send: Send) -> Send:
    """Have each answer carry the headers of all."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            given = {name.lower() for name, _ in message["headers"]}
            more = [(k.encode(), v.encode()) for k, v in HEADERS.items() if k.encode() not in given]
            message = {**message, "headers": [*message["headers"], *more]}
        await send(message)

    return sending
