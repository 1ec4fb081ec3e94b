"""The index of one record: which of its passages answer a question, by words and by meaning.

The folder is disposable, for the record's pages are the truth: what is missing, damaged or made by another encoder is
made again. A file's segment is written whole or not at all; Chroma is filled from the segments, and again on any doubt.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from types import TracebackType

import numpy as np
from chromadb.errors import ChromaError
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from assistant.domain import Hit, Page, SourceFile
from assistant.errors import EvidenceError, RecordNotFoundError, StorageError
from assistant.evidence import segments
from assistant.evidence.contents import Contents
from assistant.evidence.coverage import Topic, spread
from assistant.evidence.encoder import Encoder, Vectors
from assistant.evidence.file_sign import is_searchable, sign, sign_of_pages
from assistant.evidence.lexical import is_chinese, terms
from assistant.evidence.passage_context import placed_passages
from assistant.evidence.ranking import POOL_PASSAGES, Scores
from assistant.evidence.search_scope import WHOLE_RECORD, SearchScope
from assistant.evidence.segments import Segment
from assistant.evidence.selection import best_first, chosen
from assistant.evidence.vectors import CHROMA_FAILURES, CLOSED, Near, VectorStore, is_damaged

_FORMAT = 2
"""Raised when passages, terms or vectors are made differently: older folders are then made again."""
_MANIFEST = "manifest.json"
_LOCK = "lock"
_CHROMA = "chroma"
_PASSAGES_A_STEP = 64
"""Passages encoded between two signs of progress, and between two chances to stop."""


class EvidenceIndex:
    """The open index of one record. Its folder is locked: a second process, or a second index on it, is refused."""

    def __init__(self, folder: Path, encoder: Encoder) -> None:
        """Open the index in `folder`, or make it.

        Raises EvidenceError if it is in use, RecordNotFoundError if the folder above it is gone, StorageError if the
        disk refuses.
        """
        self._folder, self._encoder = folder, encoder
        self._change = threading.RLock()
        self._contents = Contents()
        self._closed = False
        try:
            folder.mkdir(exist_ok=True, mode=0o700)
            self._lock = FileLock(folder / _LOCK, timeout=0, mode=0o600)
            self._lock.acquire()
        except Timeout as failure:
            raise EvidenceError(
                "this record's index is open elsewhere; close the other Anamnesis and try again"
            ) from failure
        except FileNotFoundError as failure:
            raise RecordNotFoundError("There is no such record; it may have been deleted.") from failure
        except OSError as failure:
            raise StorageError(
                "the record's index folder cannot be written; free some space or check its permissions"
            ) from failure
        try:
            self._open()
        except BaseException:
            self._lock.release()
            raise

    def __enter__(self) -> EvidenceIndex:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def files(self) -> tuple[str, ...]:
        """The files that are indexed."""
        return tuple(segment.file for segment in self._contents.segments)

    @property
    def passage_count(self) -> int:
        """Passages of all indexed files."""
        return sum(len(segment.passages) for segment in self._contents.segments)

    def is_current(self, files: Iterable[SourceFile]) -> bool:
        """Whether exactly `files` are indexed, each as it is now; files that cannot be searched do not count."""
        wanted = {file.name: sign(file) for file in files if is_searchable(file)}
        return wanted == {segment.file: segment.sign for segment in self._contents.segments}

    def outdated(self, files: Iterable[SourceFile]) -> tuple[str, ...]:
        """Those of `files` that are not indexed, or were known otherwise when they were."""
        signs = {segment.file: segment.sign for segment in self._contents.segments}
        return tuple(file.name for file in files if is_searchable(file) and signs.get(file.name) != sign(file))

    def add(self, pages: Iterable[Page], files: Iterable[SourceFile] = ()) -> Generator[int, None, None]:
        """Index `pages`, those of a file together, in place of the file's old ones; yields the passages so far.

        `files` tell which documents the pages belong to.

        Closing the generator stops the work; files that were finished stay, the one in progress leaves nothing.
        """
        done = 0
        known = {file.name: file for file in files}
        for file, pages_of_file in groupby(pages, key=lambda page: page.file):
            for step in self._add_file(file, tuple(pages_of_file), known.get(file)):
                yield done + step
            done += len(next(segment for segment in self._contents.segments if segment.file == file).passages)

    def remove(self, file: str) -> None:
        """Forget a file; nothing of it stays in the folder."""
        with self._changing():
            kept = tuple(segment for segment in self._contents.segments if segment.file != file)
            if len(kept) < len(self._contents.segments):
                self._replace(kept)

    def rebuild(self, pages: Iterable[Page], files: Iterable[SourceFile] = ()) -> Generator[int, None, None]:
        """Throw everything away and index `pages`; takes and yields what `add` does."""
        with self._changing():
            self._replace(())
        yield from self.add(pages, files)

    def search(self, query: str, top_k: int, scope: SearchScope = WHOLE_RECORD) -> tuple[Hit, ...]:
        """The `top_k` passages of `scope` that answer `query` best, best first, copies named with what they repeat."""
        contents = self._contents
        numbers, scores = self._scored(query, contents, scope)
        return chosen(contents.passages, contents.terms, best_first(numbers, scores), top_k)

    def survey(self, topic: Topic, fewest: int, most: int, scope: SearchScope = WHOLE_RECORD) -> tuple[Hit, ...]:
        """Passages of `scope` for a broad question: all documents that speak of `topic` before more of one.

        At most `most`, and at least `fewest` where the topic has less of its own.
        """
        contents = self._contents
        numbers, scores = self._scored(topic.query, contents, scope)
        ranked = spread(contents.candidates(topic, numbers, scores), topic, fewest)
        return chosen(contents.passages, contents.terms, ranked, most)

    def close(self) -> None:
        """Give back the folder: no file of it stays open, and the record can be deleted."""
        with self._change:
            self._closed = True
            self._contents = Contents()
            self._vectors.close()
            self._lock.release()

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Alone with the folder, which is ours only until `close`: after that it may be deleted at any time."""
        with self._change:
            if self._closed or not self._folder.is_dir():
                raise EvidenceError(CLOSED)
            yield

    def _open(self) -> None:
        listed = _listed_segments(self._folder / _MANIFEST, self._encoder.fingerprint)
        found = tuple(segment for name in listed if (segment := segments.load(self._folder, name)) is not None)
        kept = {_MANIFEST, _LOCK, _CHROMA, *(segment.name for segment in found)}
        segments.discard(self._folder, [path.name for path in self._folder.iterdir() if path.name not in kept])
        self._contents = Contents(found)
        if is_damaged(self._folder / _CHROMA):
            segments.discard(self._folder, [_CHROMA])
        self._vectors = VectorStore(self._folder / _CHROMA)
        if len(found) != len(listed) or self._vectors_differ():
            self._refill()
        self._write_manifest()

    def _vectors_differ(self) -> bool:
        try:
            return self._vectors.count() != self.passage_count
        except CHROMA_FAILURES:
            return True

    def _refill(self) -> None:
        """Fill Chroma again from the segments."""
        self._vectors.clear()
        for segment in self._contents.segments:
            self._vectors.add(segment.name, segment.vectors)

    def _add_file(self, file: str, pages: Sequence[Page], known: SourceFile | None) -> Iterator[int]:
        placed = tuple(placed_passages(pages, known.documents if known else ()))
        vectors = []
        for first in range(0, len(placed), _PASSAGES_A_STEP):
            step = placed[first : first + _PASSAGES_A_STEP]
            vectors.append(self._encoder.encode([one.searched_text for one in step]))
            yield first + len(step)
        segment = Segment(
            name=segments.new_name(),
            file=file,
            sign=sign(known) if known else sign_of_pages(len(pages)),
            passages=tuple(one.passage for one in placed),
            contexts=tuple(one.context for one in placed),
            terms=tuple(tuple(terms(one.passage.text)) for one in placed),
            vectors=np.concatenate(vectors) if vectors else np.zeros((0, 1), dtype=np.float32),
        )
        self._commit(segment)

    def _commit(self, segment: Segment) -> None:
        with self._changing(), _storage():
            self.remove(segment.file)
            segments.save(self._folder, segment)
            self._vectors.add(segment.name, segment.vectors)
            self._contents = Contents((*self._contents.segments, segment))
            self._write_manifest()

    def _replace(self, kept: tuple[Segment, ...]) -> None:
        """Keep only these segments. The manifest goes first: after a crash, what it does not name is thrown away."""
        gone = [segment.name for segment in self._contents.segments if segment not in kept]
        with _storage():
            self._contents = Contents(kept)
            self._write_manifest()
            segments.discard(self._folder, gone)
            self._refill()

    def _write_manifest(self) -> None:
        content = {
            "format": _FORMAT,
            "encoder": self._encoder.fingerprint,
            "segments": [segment.name for segment in self._contents.segments],
        }
        draft = self._folder / f"{_MANIFEST}.new"
        with draft.open("w", encoding="utf-8") as target:
            json.dump(content, target)
            target.flush()
            os.fsync(target.fileno())
        draft.replace(self._folder / _MANIFEST)

    def _scored(self, query: str, contents: Contents, scope: SearchScope) -> tuple[NDArray[np.intp], Scores]:
        """The passages of `scope` by their numbers, and a score for each."""
        if self._closed:
            raise EvidenceError(CLOSED)
        numbers = contents.numbers_of(scope)
        if not query.strip() or not len(numbers):
            return np.zeros(0, dtype=np.intp), np.zeros(0)
        return numbers, contents.scores(query, self._nearness(query, contents, numbers, scope), numbers)

    def _nearness(
        self, query: str, contents: Contents, numbers: NDArray[np.intp], scope: SearchScope
    ) -> list[tuple[int, float]]:
        """(passage number, cosine) of the passages of `scope` that are nearest in meaning.

        None where the encoder cannot read the question: an English one takes every Chinese character for the same
        unknown word, and what it finds near is chance.
        """
        if is_chinese(query) and not self._encoder.knows(query):
            return []
        vector = self._encoder.encode([query])[0]
        if not scope.is_of_files:
            return contents.cosines(vector, numbers)
        among = None if scope.is_whole else [one.name for one in contents.segments if scope.holds_file(one.file)]
        return [
            (contents.first[near.segment] + near.row, near.cosine)
            for near in self._nearest(vector, among)
            if near.segment in contents.first
        ]

    def _nearest(self, vector: Vectors, segment_names: Sequence[str] | None) -> tuple[Near, ...]:
        with self._changing():
            try:
                return self._vectors.nearest(vector, POOL_PASSAGES, segment_names)
            except CHROMA_FAILURES:
                self._refill()
                return self._vectors.nearest(vector, POOL_PASSAGES, segment_names)


@contextmanager
def _storage() -> Iterator[None]:
    """What the disk refuses, said in one sentence. What was half written is thrown away at the next opening."""
    try:
        yield
    except (OSError, ChromaError) as failure:
        raise StorageError("the index could not be written; free some space on the disk and try again") from failure


def _listed_segments(manifest: Path, fingerprint: str) -> tuple[str, ...]:
    """The segments that a manifest names; none if it is unreadable or made in another way or with another encoder."""
    try:
        content = json.loads(manifest.read_text(encoding="utf-8"))
        if content["format"] != _FORMAT or content["encoder"] != fingerprint:
            return ()
        return tuple(str(name) for name in content["segments"])
    except (OSError, ValueError, KeyError, TypeError):
        return ()
