"""Read files to pages: one event a page, one at each file's end, whatever the files do to their readers."""

from __future__ import annotations

from collections.abc import Collection, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from assistant.domain import Page, SourceFile
from assistant.ingestion.file_reading import FileReading
from assistant.ingestion.limits import Limits
from assistant.ingestion.names import clean_name, unique_name
from assistant.ingestion.pool import Pool

_READERS = 2
_LIMITS = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file as it came: the name its user gave it, and where its bytes lie now."""

    name: str
    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRead:
    """A page, as soon as it is read. `file` is the file's name in the record."""

    file: str
    page: Page
    pages_total: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRead:
    """The last event of each file. `file.problem` is set if and only if it gave no page."""

    file: SourceFile


def warm_up(limits: Limits = _LIMITS) -> None:
    """Start a reader before the first file comes; it needs about a second to load."""
    _pool().warm(limits)


def read_files(
    uploads: Sequence[Upload], limits: Limits = _LIMITS, *, taken: Collection[str] = ()
) -> Generator[PageRead | FileRead, None, None]:
    """Read the files in order, each in a child process. Closing the iterator stops the child at once.

    Names are cleaned and made unique among themselves and `taken`, the names that the record already has.
    """
    names = list(taken)
    for upload in uploads:
        name = unique_name(clean_name(upload.name), names)
        names.append(name)
        reading = FileReading(name=name, path=upload.path, limits=limits, pool=_pool())
        with closing(reading.pages()) as pages:
            for page in pages:
                yield PageRead(file=name, page=page, pages_total=reading.pages_total)
        yield FileRead(file=reading.result())


@cache
def _pool() -> Pool:
    """The process's readers, started when first needed."""
    return Pool(_READERS)
