"""The open evidence indexes, one a record: opened when first used, made again where they do not match the record."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator

from assistant.evidence.encoder import Encoder
from assistant.evidence.index import EvidenceIndex
from assistant.library.record_store import StoredRecord

# An index holds its record's passages in memory; nobody works on more records at once.
MOST_OPEN = 16


class Indexes:
    """Hands out the index of a record. Thread-safe; an index is closed when others push it out or its record goes."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._open: OrderedDict[str, EvidenceIndex] = OrderedDict()
        self._busy: dict[str, threading.RLock] = {}
        self._lock = threading.RLock()

    def of(self, stored: StoredRecord) -> EvidenceIndex:
        """The open index of a record, as it is. Raises EvidenceError if another process holds it."""
        with self._lock:
            index = self._open.get(stored.id)
            if index is None:
                index = EvidenceIndex(stored.index_folder, self._encoder)
                self._open[stored.id] = index
            self._open.move_to_end(stored.id)
            self._close_oldest(keep=stored.id)
            return index

    def brought_up_to_date(self, stored: StoredRecord) -> Iterator[int]:
        """Index the record's files that are not indexed yet and forget those that are gone; yields passages so far."""
        index = self.of(stored)
        with self.busy(stored.id):
            readable = {file.name: file for file in stored.record().files if file.problem is None}
            for file in index.files:
                if file not in readable:
                    index.remove(file)
            missing = [name for name in readable if name not in index.files]
            yield from index.add(stored.pages(missing)) if missing else ()
            if not index.is_current(stored.record().files):
                yield from index.rebuild(stored.pages())

    def busy(self, record_id: str) -> threading.RLock:
        """Held while a record's index changes: a second change waits for it."""
        with self._lock:
            return self._busy.setdefault(record_id, threading.RLock())

    def close(self, record_id: str) -> None:
        """Close the index of a record that is about to be deleted."""
        with self._lock:
            index = self._open.pop(record_id, None)
            self._busy.pop(record_id, None)
        if index is not None:
            index.close()

    def close_all(self) -> None:
        """Close every index, at the end of the program."""
        for record_id in list(self._open):
            self.close(record_id)

    def _close_oldest(self, keep: str) -> None:
        while len(self._open) > MOST_OPEN:
            oldest = next(record_id for record_id in self._open if record_id != keep)
            self._open.pop(oldest).close()
