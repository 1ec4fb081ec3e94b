"""Files into a record: read, stored, indexed, with progress for every file; what fails costs that file alone.

In two rounds: every file is read and can be asked about, then the scans among them are recognized page by page.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from assistant.domain import FileProblem, Page, SourceFile
from assistant.errors import AnamnesisError, RecordNotFoundError
from assistant.indexes import Indexes
from assistant.ingestion.limits import Limits
from assistant.ingestion.names import clean_name
from assistant.ingestion.reading import PageRead, Upload, read_files
from assistant.ingestion.recognizing import FileRecognition
from assistant.ingestion.unlocking import unlocked
from assistant.library.file_draft import FileDraft
from assistant.library.record_store import StoredRecord
from assistant.understanding.patient import joined_identity
from assistant.understanding.understood import understood_file

Stage = Literal["reading", "recognizing", "indexing", "done", "failed"]
LOCKED = "password_protected"
ALREADY_THERE = "this file is already in the record; it was not added again"
_REMOVED = "The file was removed while its pages were being recognized."
# Below this a guess of the time left says nothing.
_FEWEST_FOR_A_GUESS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class FileProgress:
    """Where one file stands: pages read or recognized of `total`, passages indexed, done, or failed with its problem.

    `upload` is its place among the uploads. The last progress of a file has its `source`: what it turned out to be.
    """

    file: str
    stage: Stage
    upload: int = 0
    done: int = 0
    total: int | None = None
    seconds_left: float | None = None
    problem: FileProblem | None = None
    warnings: tuple[str, ...] = ()
    source: SourceFile | None = None


def take_in(
    stored: StoredRecord,
    uploads: Sequence[Upload],
    limits: Limits,
    indexes: Indexes,
    *,
    keep_duplicates: bool = False,
    asks: bool = True,
) -> Generator[FileProgress, None, None]:
    """Read, store and index the uploads in order. Closing the iterator cancels; finished files stay.

    A file whose bytes the record already has is passed over, unless `keep_duplicates`. One that names another patient
    is put on hold if there is somebody who can be asked, else it has a warning. What was recognized of a scan when it
    is cancelled stays; its other pages go on waiting.
    """
    waiting: list[tuple[int, str]] = []
    into = _Into(stored=stored, indexes=indexes, limits=limits, asks=asks)
    for at, upload in enumerate(uploads):
        for progress in _first_round(into, upload, keep_duplicates=keep_duplicates):
            yield replace(progress, upload=at)
            if progress.stage == "recognizing":
                waiting.append((at, progress.file))
    for at, file in waiting:
        for progress in recognize_scans(stored, file, limits, indexes, asks=asks):
            yield replace(progress, upload=at)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Into:
    """Where files go, and how: `asks` if there is somebody who can say whether a file is this patient's."""

    stored: StoredRecord
    indexes: Indexes
    limits: Limits
    asks: bool

    def commit(self, draft: FileDraft, file: SourceFile) -> SourceFile:
        """Let the file join the record with what its pages turn out to be."""
        known = joined_identity(
            other.identity for other in self.stored.record().files if other.hold is None and other.name != file.name
        )
        understood = understood_file(file, draft.pages(file.name), known, asks=self.asks)
        return draft.commit(understood.file, understood.regions)


def recognize_scans(
    stored: StoredRecord, file: str, limits: Limits, indexes: Indexes, *, asks: bool = True
) -> Generator[FileProgress, None, None]:
    """Recognize the pages of a file that wait for it. Closing the iterator keeps what was done."""
    into = _Into(stored=stored, indexes=indexes, limits=limits, asks=asks)
    try:
        known = next((one for one in stored.record().files if one.name == file), None)
        if known is None:
            raise RecordNotFoundError(_REMOVED)
        recognized = yield from _recognized(into, known)
        indexes.forget(stored, recognized.name)
        yield from _indexed(stored, recognized.name, indexes)
    except AnamnesisError as failure:
        yield FileProgress(file=file, stage="failed", problem=FileProblem(code="not_stored", message=failure.message))


def take_in_unlocked(
    stored: StoredRecord, file: str, password: str, limits: Limits, indexes: Indexes
) -> Generator[FileProgress, None, None]:
    """Read a file that its password opens; in the record it is kept without one. Raises FileRefusedError."""
    data = unlocked(stored.original(file), password, limits)
    into = _Into(stored=stored, indexes=indexes, limits=limits, asks=True)
    with stored.draft_instead_of(file) as draft:
        upload = Upload(name=file, path=draft.write_original(data))
        read = yield from _read_and_store(into, draft, upload, ())
    if read.problem:
        yield FileProgress(file=file, stage="failed", problem=read.problem, source=read)
        return
    for progress in _indexed(stored, file, indexes):
        yield progress
        if progress.stage == "recognizing":
            yield from recognize_scans(stored, file, limits, indexes)


def _first_round(into: _Into, upload: Upload, *, keep_duplicates: bool) -> Iterator[FileProgress]:
    try:
        known = None if keep_duplicates else _known(into.stored.record().files, upload.path)
        yield from _passed_over(known) if known else _take_in_one(into, upload)
    except AnamnesisError as failure:
        file = _not_stored(upload, failure)
        yield FileProgress(file=file.name, stage="failed", problem=file.problem, source=file)


def _not_stored(upload: Upload, failure: AnamnesisError) -> SourceFile:
    problem = FileProblem(code="not_stored", message=failure.message)
    name = clean_name(upload.name)
    return SourceFile(name=name, kind="unknown", sha256="", size_bytes=0, page_count=0, problem=problem)


def _passed_over(known: SourceFile) -> Iterator[FileProgress]:
    pages = known.page_count
    yield FileProgress(file=known.name, stage="done", done=pages, total=pages, warnings=(ALREADY_THERE,), source=known)


def _take_in_one(into: _Into, upload: Upload) -> Generator[FileProgress, None, None]:
    taken = [file.name for file in into.stored.record().files]
    with into.stored.draft(upload) as draft:
        file = yield from _read_and_store(into, draft, upload, taken)
    if file.problem:
        yield FileProgress(file=file.name, stage="failed", problem=file.problem, source=file)
        return
    yield from _indexed(into.stored, file.name, into.indexes)


def _indexed(stored: StoredRecord, file: str, indexes: Indexes) -> Iterator[FileProgress]:
    """Make the file's passages findable; its last progress says that it is done or waits to be recognized."""
    for passages in indexes.brought_up_to_date(stored):
        yield FileProgress(file=file, stage="indexing", done=passages)
    known = next((one for one in stored.record().files if one.name == file), None)
    if known is None:
        raise RecordNotFoundError("The file was removed while it was being read.")
    if known.waiting_pages:
        yield FileProgress(file=file, stage="recognizing", total=len(known.waiting_pages))
    else:
        pages = known.page_count
        yield FileProgress(file=file, stage="done", done=pages, total=pages, warnings=known.warnings, source=known)


def _read_and_store(
    into: _Into, draft: FileDraft, upload: Upload, taken: Sequence[str]
) -> Generator[FileProgress, None, SourceFile]:
    """Pages go to disk as they are read; the file is in the record once all are, or not at all."""
    pace = _Pace()
    for event in read_files([upload], into.limits, taken=taken):
        if isinstance(event, PageRead):
            draft.add(event.page)
            number, total = event.page.number, event.pages_total
            left = pace.seconds_left(number, total)
            yield FileProgress(file=event.file, stage="reading", done=number, total=total, seconds_left=left)
        elif event.file.problem is None:
            return into.commit(draft, event.file)
        else:
            # A locked file stays, so that its user can be asked for the password.
            is_locked = event.file.problem.code == LOCKED
            return draft.commit(event.file) if is_locked else event.file
    raise AssertionError("reading a file ends with the file")


def _recognized(into: _Into, file: SourceFile) -> Generator[FileProgress, None, SourceFile]:
    """Recognize the waiting pages; at the end, also an early one, the file has those that are done."""
    original = into.stored.original(file.name)
    recognition = FileRecognition(file=file, path=original, limits=into.limits)
    pages: dict[int, Page] = {}
    try:
        yield from _pages_recognized(recognition, pages)
    except BaseException:
        with suppress(AnamnesisError):  # the record is gone or its disk is full: the pages go on waiting
            _rewrite(into, original, recognition.result(), pages)
        raise
    return _rewrite(into, original, recognition.result(), pages)


def _pages_recognized(recognition: FileRecognition, pages: dict[int, Page]) -> Iterator[FileProgress]:
    """Fill `pages`. A sign comes often, also while a page takes long: only then can it be stopped."""
    file, total, pace = recognition.file.name, len(recognition.file.waiting_pages), _Pace()
    with closing(recognition.pages()) as recognized:
        for page in recognized:
            if not recognition.path.exists():
                raise RecordNotFoundError(_REMOVED)
            if page is not None:
                pages[page.number] = page
            done = recognition.done
            left = pace.seconds_left(done, total)
            yield FileProgress(file=file, stage="recognizing", done=done, total=total, seconds_left=left)


def _rewrite(into: _Into, original: Path, result: SourceFile, recognized: Mapping[int, Page]) -> SourceFile:
    known = into.stored.file_at(original)
    waiting = tuple(number for number in result.waiting_pages if number in known.waiting_pages)
    if waiting == known.waiting_pages:
        return known
    # Its user may have named and accepted it meanwhile, or another tab have recognized some of its pages.
    result = replace(result, name=known.name, is_accepted=known.is_accepted, hold=known.hold, waiting_pages=waiting)
    with into.stored.redraft(known.name) as draft:
        for page in into.stored.pages([known.name]):
            draft.add(recognized.get(page.number, page))
        return into.commit(draft, result)


class _Pace:
    """How long the rest will take, at the pace so far."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def seconds_left(self, done: int, total: int | None) -> float | None:
        """None while there is too little to go by."""
        if total is None or done < _FEWEST_FOR_A_GUESS:
            return None
        return (time.monotonic() - self._began) / done * max(total - done, 0)


def _known(files: Sequence[SourceFile], path: Path) -> SourceFile | None:
    """The file of the record that has the very bytes of `path`."""
    sizes = {file.size_bytes for file in files}
    try:
        if path.stat().st_size not in sizes:
            return None
        with path.open("rb") as opened:
            digest = hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError:
        return None  # the reader says what is wrong with it
    return next((file for file in files if file.sha256 == digest), None)
