"""A file on its way into a record: pages are written as they come, and all of it joins at once or not at all."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from types import MappingProxyType, TracebackType

from assistant.domain import Page, SourceFile
from assistant.errors import StorageError
from assistant.library.disk import (
    make_folder,
    open_new,
    remove_folder,
    storage_errors,
    sync_folder,
    write_all,
    write_new,
)
from assistant.library.file_folders import ORIGINAL, FileFolder, describe, renamed_file
from assistant.library.locks import try_lock
from assistant.library.page_files import PageWriter, Regions, read_pages, write_regions

_LOCK = "lock"
_COPY_BYTES = 1 << 20
_NO_REGIONS: Regions = MappingProxyType({})

# Puts the finished folder into the record under the record's lock, and says under which name.
Join = Callable[[Path, SourceFile], SourceFile]


class FileDraft:
    """Use it in a `with`: what is not committed at its end is gone."""

    def __init__(self, drafts: Path, original: Path | None, join: Join) -> None:
        """`original` is copied beside the pages; None where the record has it already.

        The caller holds the record's lock, so that no sweep takes the new folder for a dead one.
        """
        self._original = original
        self._join = join
        with storage_errors():
            make_folder(drafts)
            self._folder = drafts / secrets.token_hex(8)
            make_folder(self._folder)
            self._lock = try_lock(self._folder / _LOCK)
            self._writer = PageWriter(self._folder)

    def __enter__(self) -> FileDraft:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.discard()

    def write_original(self, data: bytes) -> Path:
        """Give the draft an original that no file has yet; it becomes the file's. Returns where it lies."""
        with storage_errors():
            write_new(self._folder / ORIGINAL, data)
        return self._folder / ORIGINAL

    def add(self, page: Page) -> None:
        """Write the next page down."""
        with storage_errors():
            self._writer.add(page)

    def pages(self, file: str) -> Iterator[Page]:
        """The pages added so far, once more."""
        return read_pages(self._folder, file)

    def commit(self, file: SourceFile, regions: Regions = _NO_REGIONS) -> SourceFile:
        """Join the record. Returns the file as it is now known: a name that the record already has gets a number."""
        assert self._writer.count == file.page_count, "every page has been added"
        with storage_errors():
            self._writer.finish()
            write_regions(self._folder, regions)
            if self._original is not None:
                self._copy_original(self._original, file)
            joined = self._join(self._folder, file)
        self._release()
        return joined

    def discard(self) -> None:
        """Give the draft up; after a commit there is nothing left to give up."""
        self._writer.close()
        try:
            with storage_errors():
                remove_folder(self._folder)
        finally:
            self._release()

    def _copy_original(self, original: Path, file: SourceFile) -> None:
        digest = hashlib.sha256()
        with original.open("rb") as source, open_new(self._folder / ORIGINAL) as target:
            while piece := source.read(_COPY_BYTES):
                digest.update(piece)
                write_all(target, piece)
            os.fsync(target)
        if digest.hexdigest() != file.sha256:
            raise StorageError("The file was changed while it was being read; add it again.")

    def _release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def sweep_dead_drafts(drafts: Path) -> None:
    """Delete the drafts whose process is gone. The caller holds the record's lock."""
    for folder in drafts.iterdir() if drafts.is_dir() else ():
        descriptor = try_lock(folder / _LOCK)
        if descriptor is not None:
            remove_folder(folder)
            os.close(descriptor)


def join_as(folder: Path, file: SourceFile, name: str, place: int, files: Path) -> SourceFile:
    """Describe the finished folder and move it into the record: one rename. The caller holds the record's lock."""
    make_folder(files)
    # Only now: without its lock file a sweep would take the draft for a dead one.
    (folder / _LOCK).unlink()
    joined = renamed_file(file, name)
    describe(FileFolder(folder=folder, file=joined, place=place))
    sync_folder(folder)
    folder.rename(files / folder.name)
    sync_folder(files)
    return joined
