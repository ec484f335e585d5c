"""Hides what only POSIX has, in every Python process that finds this file on its path.

Modules are hidden from racer alone: asyncio and others of the standard library, which choose by
`sys.platform`, go on to have them.
"""

import asyncio  # noqa: F401  what chooses by sys.platform is imported before anything is hidden
import builtins
import multiprocessing.popen_spawn_posix
import multiprocessing.resource_tracker  # noqa: F401
import os
import select
import signal
import socket
import subprocess  # noqa: F401
import sys
import tempfile  # noqa: F401

MODULES = {"fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "syslog", "posix"}
NAMES = {
    os: "fork forkpty O_CLOEXEC O_NOFOLLOW O_DIRECTORY O_NONBLOCK pwrite pread preadv pwritev "
    "getuid geteuid getgid memfd_create set_blocking get_blocking sched_getaffinity killpg nice "
    "sched_setaffinity sched_yield sysconf getpgid setpgid setsid statvfs fstatvfs uname "
    "getloadavg mkfifo chown fchown fchmod wait4 posix_spawn register_at_fork pidfd_open",
    select: "poll epoll",
    signal: "SIGUSR1 SIGUSR2 SIGHUP SIGALRM SIGKILL SIGCHLD SIGPIPE alarm setitimer pthread_kill "
    "pthread_sigmask sigwait pause siginterrupt",
    socket: "AF_UNIX socketpair send_fds recv_fds",
}
_real = builtins.__import__


def _import(name, globals=None, *args, **kwargs):
    importer = str((globals or {}).get("__name__"))
    if importer.partition(".")[0] == "racer" and name.partition(".")[0] in MODULES:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    return _real(name, globals, *args, **kwargs)


def _hide():
    """Racer's own code finds no hidden name; what others keep of them stays theirs."""

    class Hidden(type(os)):
        def __getattribute__(self, name):
            if name in object.__getattribute__(self, "_hidden"):
                caller = str(sys._getframe(1).f_globals.get("__name__"))
                if caller.partition(".")[0] == "racer":
                    raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
            return super().__getattribute__(name)

    for module, names in NAMES.items():
        module._hidden = frozenset(names.split())
        module.__class__ = Hidden
    builtins.__import__ = _import


_hide()
