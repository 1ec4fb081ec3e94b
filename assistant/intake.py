"""Files into a record: read, stored, indexed, with progress for every file; what fails costs that file alone."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from assistant.domain import FileProblem, SourceFile
from assistant.errors import AnamnesisError
from assistant.indexes import Indexes
from assistant.ingestion.limits import Limits
from assistant.ingestion.names import clean_name
from assistant.ingestion.reading import PageRead, Upload, read_files
from assistant.library.record_store import StoredRecord

Stage = Literal["reading", "indexing", "done", "failed"]
ALREADY_THERE = "this file is already in the record; it was not added again"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileProgress:
    """Where one file stands: pages read of `total`, passages indexed, done, or failed with its problem.

    The last progress of a file has its `source`: what it turned out to be.
    """

    file: str
    stage: Stage
    done: int = 0
    total: int | None = None
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
) -> Generator[FileProgress, None, None]:
    """Read, store and index the uploads in order. Closing the iterator cancels; finished files stay.

    A file whose bytes the record already has is passed over, unless `keep_duplicates`.
    """
    for upload in uploads:
        try:
            known = None if keep_duplicates else _known(stored.record().files, upload.path)
            yield from _passed_over(known) if known else _take_in_one(stored, upload, limits, indexes)
        except AnamnesisError as failure:
            file = _not_stored(upload, failure)
            yield FileProgress(file=file.name, stage="failed", problem=file.problem, source=file)


def _not_stored(upload: Upload, failure: AnamnesisError) -> SourceFile:
    problem = FileProblem(code="not_stored", message=failure.message)
    name = clean_name(upload.name)
    return SourceFile(name=name, kind="unknown", sha256="", size_bytes=0, page_count=0, problem=problem)


def _passed_over(known: SourceFile) -> Generator[FileProgress, None, None]:
    pages = known.page_count
    yield FileProgress(file=known.name, stage="done", done=pages, total=pages, warnings=(ALREADY_THERE,), source=known)


def _take_in_one(
    stored: StoredRecord, upload: Upload, limits: Limits, indexes: Indexes
) -> Generator[FileProgress, None, None]:
    taken = [file.name for file in stored.record().files]
    file = yield from _read_and_store(stored, upload, limits, taken)
    if file.problem:
        yield FileProgress(file=file.name, stage="failed", problem=file.problem, source=file)
        return
    for passages in indexes.brought_up_to_date(stored):
        yield FileProgress(file=file.name, stage="indexing", done=passages)
    pages = file.page_count
    yield FileProgress(file=file.name, stage="done", done=pages, total=pages, warnings=file.warnings, source=file)


def _read_and_store(
    stored: StoredRecord, upload: Upload, limits: Limits, taken: Sequence[str]
) -> Generator[FileProgress, None, SourceFile]:
    """Pages go to disk as they are read; the file is in the record once all are, or not at all."""
    with stored.draft(upload) as draft:
        for event in read_files([upload], limits, taken=taken):
            if isinstance(event, PageRead):
                draft.add(event.page)
                yield FileProgress(file=event.file, stage="reading", done=event.page.number, total=event.pages_total)
            elif event.file.problem is None:
                return draft.commit(event.file)
            else:
                return event.file
    raise AssertionError("reading a file ends with the file")


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
