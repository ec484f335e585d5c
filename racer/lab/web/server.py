"""Serve the lab on this machine, and open it in the browser."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import webbrowser
from typing import Any

from racer import console
from racer.errors import ResourceError

HERE = "127.0.0.1"


def listening(port: int, host: str = HERE) -> socket.socket:
    """A socket, by default of this machine alone; port 0 is any free one.

    Raises:
        ResourceError: the port is taken, or `host` is no address of this machine.
    """
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if os.name == "posix":  # at once after a restart; elsewhere this shares a port that is in use
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
        made.listen()  # now: two that are only bound may share a port until one listens
    except OSError as error:
        made.close()
        if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
            raise ResourceError(
                f"--host {host}: no IPv4 address of this machine. Give one that it has, "
                "or 0.0.0.0 for all of them."
            ) from error
        raise ResourceError(
            f"--port {port}: {error.strerror}. Give another port, or none for any free one."
        ) from error
    return made


def serve(app: Any, bound: socket.socket, words: str, *, browse: str) -> None:
    """Until Ctrl-C.

    Args:
        app: guarded.
        bound: from `listening`.
        words: to print when it listens.
        browse: the address to open in the browser; empty for none.
    """
    import uvicorn

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            console.say(f"{words}\nCtrl-C ends it.")
            if browse:
                webbrowser.open(browse)

    settings = uvicorn.Config(
        app,
        log_level="error",
        access_log=False,
        ws="websockets-sansio",
        ws_max_size=4096,
        timeout_graceful_shutdown=2,
    )
    Server(settings).run(sockets=[bound])


def addresses_of(host: str) -> list[str]:
    """What this machine is called where `host` is bound, the one to print first."""
    if host not in ("0.0.0.0", "::"):
        return [host]
    found = []
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # sends nothing; tells which address would
        found.append(str(probe.getsockname()[0]))
    with contextlib.suppress(OSError):
        found += [str(one[4][0]) for one in socket.getaddrinfo(socket.gethostname(), None)]
    found = [one for one in dict.fromkeys(found) if ":" not in one and not one.startswith("127.")]
    return found or [HERE]
