"""The open evidence indexes, one a record: opened when first used, made again where they do not match the record."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator

from assistant.domain import Hit
from assistant.evidence.coverage import Topic
from assistant.evidence.encoder import Encoder
from assistant.evidence.file_sign import is_searchable
from assistant.evidence.index import EvidenceIndex
from assistant.evidence.search_scope import WHOLE_RECORD, SearchScope
from assistant.library.record_store import StoredRecord

# An index holds its record's passages in memory; nobody works on more records at once.
MOST_OPEN = 16


class Indexes:
    """Hands out the index of a record. Thread-safe; an index is closed when others push it out or its record goes."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._open: OrderedDict[str, EvidenceIndex] = OrderedDict()
        # Kept for good, so that all who ever wait for a record wait for the same lock.
        self._busy: dict[str, threading.Lock] = {}
        self._lock = threading.RLock()

    def brought_up_to_date(self, stored: StoredRecord) -> Iterator[int]:
        """Index the record's files that are not indexed yet and forget those that are gone; yields passages so far.

        Raises EvidenceError if another process holds the index, RecordNotFoundError if the record has been deleted.
        """
        with self.busy(stored.id):
            yield from _update(self._of(stored), stored)

    def forget(self, stored: StoredRecord, file: str) -> None:
        """Drop what the index holds of a file whose pages have been written anew."""
        with self.busy(stored.id):
            index = self._of(stored)
            if file in index.files:
                index.remove(file)

    def search(
        self, stored: StoredRecord, query: str, top_k: int, scope: SearchScope = WHOLE_RECORD
    ) -> tuple[Hit, ...]:
        """The passages that answer a query, best first, of the record as it is now. Raises as brought_up_to_date."""
        with self.busy(stored.id):
            return self._current(stored).search(query, top_k, scope)

    def survey(
        self, stored: StoredRecord, topic: Topic, fewest: int, most: int, scope: SearchScope = WHOLE_RECORD
    ) -> tuple[Hit, ...]:
        """The passages that speak of a topic, spread over the record's documents. Raises as brought_up_to_date."""
        with self.busy(stored.id):
            return self._current(stored).survey(topic, fewest, most, scope)

    def busy(self, record_id: str) -> threading.Lock:
        """Held while a record's index is used: a change, a search and the record's deletion wait for one another.

        No RLock: the page steps one generator from several threads, and only a plain lock may be given back by a
        thread that did not take it.
        """
        with self._lock:
            return self._busy.setdefault(record_id, threading.Lock())

    def close(self, record_id: str) -> None:
        """Close the index of a record that is about to be deleted; the caller holds `busy`."""
        with self._lock:
            index = self._open.pop(record_id, None)
        if index is not None:
            index.close()

    def close_all(self) -> None:
        """Close every index, at the end of the program."""
        for record_id in list(self._open):
            self.close(record_id)

    def _current(self, stored: StoredRecord) -> EvidenceIndex:
        """The index of a record as it is now. The caller holds `busy`."""
        index = self._of(stored)
        for _ in _update(index, stored):
            pass
        return index

    def _of(self, stored: StoredRecord) -> EvidenceIndex:
        """The open index of a record, as it is. The caller holds `busy`."""
        with self._lock:
            index = self._open.get(stored.id)
            if index is None:
                index = EvidenceIndex(stored.index_folder, self._encoder)
                self._open[stored.id] = index
            self._open.move_to_end(stored.id)
            self._close_oldest()
            return index

    def _close_oldest(self) -> None:
        """Close those used longest ago, but none that is in use: rather a few too many stay open for a while."""
        for record_id in list(self._open)[:-MOST_OPEN]:
            busy = self.busy(record_id)
            if busy.acquire(blocking=False):
                try:
                    self._open.pop(record_id).close()
                finally:
                    busy.release()


def _update(index: EvidenceIndex, stored: StoredRecord) -> Iterator[int]:
    files = stored.record().files
    searchable = {file.name for file in files if is_searchable(file)}
    for file in index.files:
        if file not in searchable:
            index.remove(file)
    outdated = index.outdated(files)
    yield from index.add(stored.pages(outdated), files) if outdated else ()
    files = stored.record().files
    if not index.is_current(files):
        yield from index.rebuild(stored.pages([file.name for file in files if is_searchable(file)]), files)
