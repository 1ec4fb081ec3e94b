"""Take away from this process what a reader does not need.

Memory and processor time without end, files to write, the network, programs to start. Nothing here is undone: it is
called once in a child process, before the child has seen a byte of a file.
"""

from __future__ import annotations

import ctypes
import math
import os
import platform
import resource
import signal
import socket
import struct
import sys
from dataclasses import dataclass

from assistant.ingestion.limits import Limits

_NICENESS = 10
_PR_SET_NO_NEW_PRIVS = 38
_PR_SET_SECCOMP = 22
_SECCOMP_MODE_FILTER = 2
_ALLOW = 0x7FFF0000
_REFUSE = 0x00050000 | 1  # SECCOMP_RET_ERRNO with EPERM
_KILL = 0x80000000
_FIRST_X32_CALL = 0x40000000
# BPF: load the word at an offset of struct seccomp_data; jump if equal; jump if not below; return a constant.
_LOAD, _IF_EQUAL, _IF_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_NUMBER_OFFSET, _ARCHITECTURE_OFFSET = 0, 4


@dataclass(frozen=True, slots=True)
class _Calls:
    """An architecture's audit number, and the numbers of the calls that a reader is refused."""

    architecture: int
    refused: tuple[int, ...]


# socket, connect, bind, sendto, execve, ptrace, socketpair, execveat, io_uring_setup (Linux, asm/unistd.h).
_REFUSED_CALLS = {
    "x86_64": _Calls(0xC000003E, (41, 42, 49, 44, 59, 101, 53, 322, 425)),
    "aarch64": _Calls(0xC00000B7, (198, 203, 200, 206, 221, 117, 199, 281, 425)),
}


def confine(limits: Limits) -> None:
    """Apply the limits that hold for the process's whole life."""
    # macOS refuses to lower its address space; there the parent's clock and the CPU limit remain.
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))
    resource.setrlimit(resource.RLIMIT_NOFILE, (limits.open_files, limits.open_files))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Python ignores SIGXFSZ, so a write fails with an error; the timer must end the process even inside C code.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def give_way() -> None:
    """Let everything else on the machine go first: recognition takes minutes, and the page must stay quick."""
    os.setpriority(os.PRIO_PROCESS, 0, _NICENESS)


def allow_processor_seconds(seconds: float) -> None:
    """Allow so many more seconds of processor time; the kernel ends the process after them."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = math.ceil(used.ru_utime + used.ru_stime + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


def forbid_network_and_programs() -> bool:
    """Have the kernel refuse sockets and new programs; returns whether it agreed.

    Where it does not (no seccomp, another system), Python's own sockets go, which stops accidents, not attacks.
    """
    is_filtered = sys.platform == "linux" and _install_filter()
    if not is_filtered:
        socket.socket = _NoSocket  # type: ignore[misc,assignment]
    return is_filtered


class _NoSocket:
    def __init__(self, *_: object, **__: object) -> None:
        raise PermissionError("a reader has no network")


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def _install_filter() -> bool:
    calls = _REFUSED_CALLS.get(platform.machine())
    if calls is None:
        return False
    code = _filter(calls)
    held = ctypes.create_string_buffer(code, len(code))
    program = _Program(len(code) // 8, ctypes.cast(held, ctypes.c_void_p))
    libc = ctypes.CDLL(None)
    return bool(
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
        and libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0) == 0
    )


def _filter(calls: _Calls) -> bytes:
    """Classic BPF: another architecture's calls kill, the refused ones fail with EPERM, the rest pass."""
    count = len(calls.refused)
    steps = [
        (_LOAD, 0, 0, _ARCHITECTURE_OFFSET),
        (_IF_EQUAL, 1, 0, calls.architecture),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER_OFFSET),
        (_IF_AT_LEAST, count + 1, 0, _FIRST_X32_CALL),
        *((_IF_EQUAL, count - index, 0, number) for index, number in enumerate(calls.refused)),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    ]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)
