"""What locks the reward process: resource limits, Landlock and seccomp, through ctypes alone.

Standard library only: the guarded process imports this file. Order matters, because each
layer forbids what the ones before it need: `limit`, then `landlock`, then `seccomp`.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys
from typing import Any

resource: Any
try:
    import resource
except ImportError:  # Windows
    resource = None

MEMORY = 1 << 30  # bytes of address space on top of what the worker has when it is locked
FILES = 64  # open files; what is open already stays open

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 4, 22, 38
_SIGKILL = 9

# Landlock's system calls have the same numbers everywhere.
_LANDLOCK_CREATE, _LANDLOCK_RESTRICT = 444, 446
_LANDLOCK_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}  # ABI → bits of file rights

# System calls a locked worker may make, by machine: number per name.
_CALLS = {
    "x86_64": (
        0xC000003E,
        {
            "read": 0,
            "write": 1,
            "mmap": 9,
            "mprotect": 10,
            "munmap": 11,
            "brk": 12,
            "rt_sigprocmask": 14,
            "rt_sigreturn": 15,
            "sched_yield": 24,
            "mremap": 25,
            "madvise": 28,
            "nanosleep": 35,
            "getpid": 39,
            "exit": 60,
            "gettimeofday": 96,
            "sigaltstack": 131,
            "gettid": 186,
            "time": 201,
            "futex": 202,
            "restart_syscall": 219,
            "clock_gettime": 228,
            "clock_getres": 229,
            "clock_nanosleep": 230,
            "exit_group": 231,
            "tgkill": 234,
            "getrandom": 318,
            "rseq": 334,
        },
    ),
    "aarch64": (
        0xC00000B7,
        {
            "read": 63,
            "write": 64,
            "exit": 93,
            "exit_group": 94,
            "futex": 98,
            "nanosleep": 101,
            "clock_gettime": 113,
            "clock_getres": 114,
            "clock_nanosleep": 115,
            "sched_yield": 124,
            "restart_syscall": 128,
            "tgkill": 131,
            "sigaltstack": 132,
            "rt_sigprocmask": 135,
            "rt_sigreturn": 139,
            "gettimeofday": 169,
            "getpid": 172,
            "gettid": 178,
            "brk": 214,
            "munmap": 215,
            "mremap": 216,
            "mmap": 222,
            "mprotect": 226,
            "madvise": 233,
            "getrandom": 278,
            "rseq": 293,
        },
    ),
}
_PROT_EXEC = 4
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050001  # SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO | EPERM


def limit() -> bool:
    """Resource limits; the process dies with its parent and cannot be inspected.

    Returns:
        Whether memory, files and core dumps are limited here.
    """
    if resource is None:
        return False
    done = _set(resource.RLIMIT_CORE, 0) and _set(resource.RLIMIT_NOFILE, FILES)
    done = _set(resource.RLIMIT_FSIZE, 0) and done
    if sys.platform == "linux":
        done = _set(resource.RLIMIT_AS, _address_space() + MEMORY) and done
        _set(resource.RLIMIT_NPROC, 0)
        libc = ctypes.CDLL(None)
        libc.prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)
        libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    return done


def _set(which: int, value: int) -> bool:
    try:
        most = resource.getrlimit(which)[1]  # `ulimit` may have set less already
        value = value if most == resource.RLIM_INFINITY else min(value, most)
        resource.setrlimit(which, (value, value))
    except (OSError, ValueError):
        return False
    return True


def _address_space() -> int:
    """Bytes mapped now."""
    with open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[0]) * int(resource.getpagesize())


def landlock() -> int:
    """Forbid all files, TCP, and from ABI 6 abstract sockets and signals to other processes.

    Returns:
        The kernel's Landlock version, 0 where there is none.
    """
    if sys.platform != "linux":
        return 0
    libc = ctypes.CDLL(None, use_errno=True)
    abi = libc.syscall(_LANDLOCK_CREATE, None, 0, 1)
    if abi < 1:
        return 0
    files = (1 << _LANDLOCK_RIGHTS.get(min(abi, 5), 16)) - 1
    attributes = struct.pack("=QQQ", files, 3 if abi >= 4 else 0, 3 if abi >= 6 else 0)
    size = 24 if abi >= 6 else 16 if abi >= 4 else 8
    buffer = ctypes.create_string_buffer(attributes, len(attributes))
    ruleset = libc.syscall(_LANDLOCK_CREATE, buffer, size, 0)
    if ruleset < 0 or libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return 0
    failed = libc.syscall(_LANDLOCK_RESTRICT, ruleset, 0)
    os.close(ruleset)
    return 0 if failed else int(abi)


def seccomp(readable: tuple[int, ...], writable: tuple[int, ...]) -> bool:
    """Allow some 27 system calls, all others fail with PermissionError.

    Args:
        readable, writable: the only descriptors that read and write may name.
    """
    machine = _CALLS.get(platform.machine())
    if sys.platform != "linux" or machine is None or sys.byteorder != "little":
        return False
    program = _program(*machine, readable, writable)
    libc = ctypes.CDLL(None, use_errno=True)
    code = ctypes.create_string_buffer(program, len(program))
    header = ctypes.create_string_buffer(
        struct.pack("@HxxxxxxP", len(program) // 8, ctypes.addressof(code)), 16
    )
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    return bool(libc.prctl(_PR_SET_SECCOMP, 2, header, 0, 0) == 0)


def _program(
    arch: int, calls: dict[str, int], readable: tuple[int, ...], writable: tuple[int, ...]
) -> bytes:
    """Classic BPF over struct seccomp_data: nr at 0, arch at 4, low halves of args from 16."""
    load, equal, any_bit, answer = 0x20, 0x15, 0x45, 0x06

    def op(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
        return struct.pack("=HBBI", code, yes, no, value)

    parts = [op(load, 4), op(equal, arch, 1, 0), op(answer, _REFUSE), op(load, 0)]
    for name, number in calls.items():
        if name in ("read", "write"):
            allowed = readable if name == "read" else writable
            body = [op(load, 16)]
            for fd in allowed:
                body += [op(equal, fd, 0, 1), op(answer, _ALLOW)]
        elif name in ("mmap", "mprotect"):
            body = [op(load, 32), op(any_bit, _PROT_EXEC, 1, 0), op(answer, _ALLOW)]
        elif name == "tgkill":  # faulthandler raises a crash's signal again, in this process
            body = [op(load, 16), op(equal, os.getpid(), 0, 1), op(answer, _ALLOW)]
        else:
            body = [op(answer, _ALLOW)]
        if len(body) > 1:
            body.append(op(answer, _REFUSE))
        parts += [op(equal, number, 0, len(body)), *body]
    return b"".join([*parts, op(answer, _REFUSE)])
