"""Read files for whoever only wants to see their pages; nothing is stored, and no index or model is loaded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assistant.domain import Identity, Page, SourceFile
from assistant.ingestion.limits import Limits
from assistant.ingestion.reading import PageRead, Upload, read_files
from assistant.ingestion.recognizing import FileRecognition
from assistant.understanding.patient import joined_identity
from assistant.understanding.understood import understood_file


def read_unkept(uploads: Sequence[Upload], limits: Limits) -> Iterator[tuple[SourceFile, list[Page]]]:
    """Every file with its pages, scans recognized, for whoever only wants to see them; nothing is stored."""
    pages: list[Page] = []
    names: list[str] = []
    record = Identity()
    for upload in uploads:
        for event in read_files([upload], limits, taken=names):
            if isinstance(event, PageRead):
                pages.append(event.page)
                continue
            names.append(event.file.name)
            file, pages = _recognized(event.file, upload, pages, limits)
            if file.problem is None:
                file = understood_file(file, pages, record, asks=False).file
                record = joined_identity([record, file.identity])
            yield file, pages
            pages = []


def _recognized(file: SourceFile, upload: Upload, pages: list[Page], limits: Limits) -> tuple[SourceFile, list[Page]]:
    if not file.waiting_pages:
        return file, pages
    recognition = FileRecognition(file=file, path=upload.path, limits=limits)
    recognized = {page.number: page for page in recognition.pages() if page is not None}
    return recognition.result(), [recognized.get(page.number, page) for page in pages]
