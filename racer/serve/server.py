"""The process of a service: one port, one line when it is ready, every answer sent at its end."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import socket
from pathlib import Path

from racer.errors import ResourceError, Stopped, UsageError
from racer.process.extras import extra
from racer.process.signals import graceful_stop
from racer.serve import served
from racer.serve.served import EXTRA, WHAT, Served
from racer.storage import files, locks

TOKEN = "RACER_TOKEN"  # the environment variable; a command line can be read by every user
_TOKEN_MIN = 16  # characters
_AT_ONCE = 256  # connections; more are told 503
_DRAIN_S = 10


def serve(
    name: str,
    *,
    runs_dir: Path,
    checkpoint: str = "",
    host: str = "127.0.0.1",
    port: int = 8000,
    log_file: Path | None = None,
) -> None:
    """Answer until a signal comes, then finish what was asked.

    Args:
        name: of a run, or an ONNX file.
        runs_dir, checkpoint: of the run.
        host, port: where to listen; port 0 is a free one.
        log_file: where answers are written down.

    Raises:
        Stopped: a signal came; every answer was sent.
        UsageError: an address that others reach, and no token.
        ResourceError: the port is taken, or a library is not installed.
    """
    token = _token(host)
    with graceful_stop(quiet=True) as stop, _own(log_file):
        policy = served.load(name, runs_dir, checkpoint)
        with extra(EXTRA, WHAT):
            import uvicorn

            from racer.serve.app import make_app
            from racer.serve.log import Log

        class Server(uvicorn.Server):
            async def on_tick(self, counter: int) -> bool:
                return await super().on_tick(counter) or bool(stop)  # it came before uvicorn heard

        about = policy.about
        log = Log(log_file, about.arrays, about.policy) if log_file else None
        settings = uvicorn.Config(
            make_app(policy, token=token, log=log),
            log_config=None,
            access_log=False,
            lifespan="off",
            limit_concurrency=_AT_ONCE,
            timeout_graceful_shutdown=_DRAIN_S,
            server_header=False,
        )
        listening = _listen(host, port)
        _say_ready(policy, listening)
        Server(settings).run(sockets=[listening])
        if log:
            log.close()
    if stop:
        raise Stopped(f"{stop.name} came; every answer was sent.", stop.exit_code)


def _own(log_file: Path | None) -> contextlib.AbstractContextManager[None]:
    """Two services in one log would lose its older files to each other."""
    if log_file is None or not log_file.parent.is_dir():
        return contextlib.nullcontext()  # the log itself says what is wrong
    if log_file.is_dir():  # "." and "/" have no name
        files.check_output(log_file)
    return locks.hold(log_file.with_name(f".{log_file.name}.lock"), f"the log {log_file}")


def _token(host: str) -> str:
    token = os.environ.get(TOKEN, "")
    if token and (len(token) < _TOKEN_MIN or not token.isascii() or not token.isprintable()):
        raise UsageError(
            f"{TOKEN} must have at least {_TOKEN_MIN} printable characters. Make one: "
            "python -c 'import secrets; print(secrets.token_hex())'."
        )
    if not token and not _is_loopback(host):
        raise UsageError(
            f"others can reach --host {host}, so a token is needed: set the environment variable "
            f"{TOKEN}, or leave --host out."
        )
    return token


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise ResourceError(
            f"cannot listen on {host}, port {port}: {error.strerror or error}. Try --port 0, which "
            "takes a free one."
        ) from error


def _say_ready(policy: Served, listening: socket.socket) -> None:
    """From here on connections wait in the queue of the system, so this is true already."""
    host, port = listening.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    print(f"serving {policy.about.name} at http://{shown}:{port}", flush=True)
