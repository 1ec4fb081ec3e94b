"""All records of one data directory: create, open, list, delete."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from assistant.domain import Record
from assistant.errors import RecordNotFoundError
from assistant.library.disk import make_folder, make_folders, remove_folder, storage_errors, sync_folder
from assistant.library.locks import locked
from assistant.library.record_store import StoredRecord
from assistant.library.title_page import TitlePage, now, write_title_page

_ID = re.compile(r"[0-9a-f]{32}")
# Folders with these beginnings are no records: on their way in, or on their way out.
_NEW = ".new-"
_TRASH = ".trash-"


class Library:
    """The records under `data_dir`. Several processes may share the directory."""

    def __init__(self, data_dir: Path) -> None:
        self._records = data_dir / "records"
        with storage_errors():
            make_folders(data_dir)
            make_folder(self._records)
            self._sweep()

    def create(self, title: str = "") -> StoredRecord:
        """A new, empty record. Its id is drawn at random: nothing about a patient is in a path or a URL."""
        record_id = secrets.token_hex(16)
        draft, folder = self._records / f"{_NEW}{record_id}", self._records / record_id
        with storage_errors(), self._locked():
            make_folder(draft)
            write_title_page(draft, TitlePage(title=title, created=now()))
            draft.rename(folder)
            sync_folder(self._records)
        return StoredRecord(id=record_id, folder=folder)

    def open(self, record_id: str) -> StoredRecord:
        """The record with this id, cleared of what a kill left. Raises RecordNotFoundError if there is none."""
        stored = self._stored(record_id)
        stored.sweep()
        return stored

    def records(self) -> tuple[Record, ...]:
        """Every record, newest first."""
        found: list[Record] = []
        for record_id in self._ids():
            try:
                found.append(self._stored(record_id).record())
            except RecordNotFoundError:
                continue  # deleted while we looked
        return tuple(sorted(found, key=lambda record: record.created, reverse=True))

    def delete(self, record_id: str) -> None:
        """Delete the record with everything in it. From the first step on nobody finds it, killed or not."""
        stored = self._stored(record_id)
        trash = self._records / f"{_TRASH}{record_id}"
        with storage_errors():
            try:
                stored.folder.rename(trash)
            except FileNotFoundError as error:
                raise _absent() from error
            sync_folder(self._records)
            remove_folder(trash)

    def purge(self) -> int:
        """Delete every record; returns how many there were."""
        count = 0
        for record_id in list(self._ids()):
            try:
                self.delete(record_id)
            except RecordNotFoundError:
                continue
            count += 1
        return count

    def _stored(self, record_id: str) -> StoredRecord:
        # An id from outside may not leave the folder.
        if not _ID.fullmatch(record_id) or not (self._records / record_id).is_dir():
            raise _absent()
        return StoredRecord(id=record_id, folder=self._records / record_id)

    def _ids(self) -> Iterator[str]:
        with storage_errors():
            names = [path.name for path in self._records.iterdir()]
        yield from (name for name in names if _ID.fullmatch(name))

    def _locked(self) -> AbstractContextManager[None]:
        return locked(self._records / ".lock")

    def _sweep(self) -> None:
        """Finish the deletions and undo the creations that a kill cut short."""
        with self._locked():
            for leftover in (*self._records.glob(f"{_NEW}*"), *self._records.glob(f"{_TRASH}*")):
                remove_folder(leftover)


def _absent() -> RecordNotFoundError:
    return RecordNotFoundError("There is no such record; it may have been deleted.")
