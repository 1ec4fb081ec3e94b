"""Let one writer at a time into a folder, among threads and processes; the kernel frees the lock of a dead one."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from assistant.errors import StorageError

_WAIT_SECONDS = 10.0
_LOOK_SECONDS = 0.02


@contextmanager
def locked(path: Path, *, wait_seconds: float = _WAIT_SECONDS) -> Iterator[None]:
    """Hold the lock file at `path`. Raises StorageError if another holds it for longer than `wait_seconds`."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _wait_for(descriptor, time.monotonic() + wait_seconds)
        yield
    finally:
        os.close(descriptor)


def try_lock(path: Path) -> int | None:
    """A descriptor that holds the lock until it is closed; None if someone else holds it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    if _is_taken(descriptor):
        os.close(descriptor)
        return None
    return descriptor


def _wait_for(descriptor: int, until: float) -> None:
    while _is_taken(descriptor):
        if time.monotonic() > until:
            raise StorageError("Another program is changing the same records; wait for it to end, or close it.")
        time.sleep(_LOOK_SECONDS)


def _is_taken(descriptor: int) -> bool:
    # flock belongs to the open file, so two threads that opened it keep each other out too.
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False
