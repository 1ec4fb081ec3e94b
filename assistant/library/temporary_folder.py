"""A folder in the data directory that is gone afterwards; what a killed process left goes with the next start."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from assistant.library.disk import make_folder, make_folders, remove_folder, storage_errors
from assistant.library.locks import locked, try_lock

_PLACE = "temporary"
_LOCK = "lock"


@contextmanager
def temporary_folder(data_dir: Path) -> Iterator[Path]:
    """A private, empty folder under `data_dir`. What dead processes left there is deleted first."""
    place = data_dir / _PLACE
    with storage_errors():
        make_folders(data_dir)
        make_folder(place)
        with locked(place / _LOCK):
            _sweep(place)
            folder = place / secrets.token_hex(8)
            make_folder(folder)
            descriptor = try_lock(folder / _LOCK)
    contents = folder / "contents"
    make_folder(contents)
    try:
        yield contents
    finally:
        remove_folder(folder)
        if descriptor is not None:
            os.close(descriptor)


def _sweep(place: Path) -> None:
    """Delete the folders whose process is gone. The caller holds the lock of `place`."""
    for folder in place.iterdir():
        if not folder.is_dir():
            continue
        descriptor = try_lock(folder / _LOCK)
        if descriptor is not None:
            remove_folder(folder)
            os.close(descriptor)
