"""Bring bytes to the disk whole or not at all, and say it in a sentence when the disk refuses."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from assistant.errors import StorageError

_FOLDER_MODE = 0o700
_FILE_MODE = 0o600
_PARTIAL = ".partial-"
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_READ_ONLY = {errno.EROFS, errno.EACCES, errno.EPERM}


@contextmanager
def storage_errors() -> Iterator[None]:
    """Turn the system's refusals into StorageError. The sentences name no file: names may hold a patient's."""
    try:
        yield
    except OSError as error:
        raise StorageError(_sentence(error)) from error


def make_folders(folder: Path) -> None:
    """Create the folder, and those above it, for this user alone. One that exists stays as it is."""
    if not folder.parent.is_dir():
        make_folders(folder.parent)
    make_folder(folder)


def make_folder(folder: Path) -> None:
    """Create the folder in one that exists, for this user alone: what was deleted meanwhile must not come back."""
    if not folder.is_dir():
        # mkdir's mode is cut by the umask; a second thread may have been faster.
        folder.mkdir(mode=_FOLDER_MODE, exist_ok=True)
        folder.chmod(_FOLDER_MODE)


def write_whole(path: Path, data: bytes) -> None:
    """Replace `path` by `data`: whoever looks, even after a power cut, sees the old bytes or the new ones."""
    partial = path.parent / f"{_PARTIAL}{secrets.token_hex(8)}"
    try:
        write_new(partial, data)
        partial.replace(path)
    except BaseException:
        with suppress(OSError):
            partial.unlink()
        raise
    sync_folder(path.parent)


def write_new(path: Path, data: bytes) -> None:
    """Write a file that did not exist, down to the disk."""
    with open_new(path) as descriptor:
        write_all(descriptor, data)
        os.fsync(descriptor)


@contextmanager
def open_new(path: Path) -> Iterator[int]:
    """A descriptor of a new file that only this user may read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _FILE_MODE)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def write_all(descriptor: int, data: bytes) -> None:
    """Write every byte; a full disk takes some and then refuses."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def sync_folder(folder: Path) -> None:
    """Make renames in the folder last through a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_folder(folder: Path) -> None:
    """Delete the folder and all in it. What another process deletes at the same time is no error."""
    with suppress(FileNotFoundError):
        shutil.rmtree(folder)


def sweep_partial_files(folder: Path) -> None:
    """Delete what a killed `write_whole` left behind."""
    for leftover in folder.glob(f"{_PARTIAL}*"):
        with suppress(FileNotFoundError):
            leftover.unlink()


def _sentence(error: OSError) -> str:
    if error.errno in _FULL:
        return "The disk is full; nothing was lost. Make room and try again."
    if error.errno in _READ_ONLY:
        return "The data folder may not be written to; check its permissions, or name another one with --data-dir."
    reason = os.strerror(error.errno) if error.errno else "no reason given"
    return f"The disk refused ({reason}); nothing that was saved before is lost. Check the disk and try again."
