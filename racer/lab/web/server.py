"""Serve the lab on this machine, and open it in the browser."""

from __future__ import annotations

import socket
import webbrowser
from typing import Any

from racer import console
from racer.errors import ResourceError

HERE = "127.0.0.1"


def listening(port: int) -> socket.socket:
    """A socket of this machine alone; port 0 is any free one.

    Raises:
        ResourceError: the port is taken.
    """
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        made.bind((HERE, port))
    except OSError as error:
        made.close()
        raise ResourceError(
            f"--port {port}: {error.strerror}. Give another port, or none for any free one."
        ) from error
    return made


def serve(app: Any, bound: socket.socket, address: str, *, browse: bool) -> None:
    """Until Ctrl-C.

    Args:
        app: guarded.
        bound: from `listening`.
        address: with the token, to print and to open.
        browse: open it in the browser.
    """
    import uvicorn

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            console.say(f"racer lab: {address}\nCtrl-C ends it.")
            if browse:
                webbrowser.open(address)

    settings = uvicorn.Config(
        app,
        log_level="error",
        access_log=False,
        ws="websockets-sansio",
        ws_max_size=4096,
        timeout_graceful_shutdown=2,
    )
    Server(settings).run(sockets=[bound])
