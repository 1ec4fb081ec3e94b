"""Read files for whoever only wants to see their pages; nothing is stored, and no index or model is loaded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assistant.domain import Page, SourceFile
from assistant.ingestion.limits import Limits
from assistant.ingestion.reading import PageRead, Upload, read_files
from assistant.ingestion.recognizing import FileRecognition


def read_unkept(uploads: Sequence[Upload], limits: Limits) -> Iterator[tuple[SourceFile, list[Page]]]:
    """Every file with its pages, scans recognized, for whoever only wants to see them; nothing is stored."""
    pages: list[Page] = []
    names: list[str] = []
    for upload in uploads:
        for event in read_files([upload], limits, taken=names):
            if isinstance(event, PageRead):
                pages.append(event.page)
            else:
                names.append(event.file.name)
                file = event.file
                if file.waiting_pages:
                    recognition = FileRecognition(file=file, path=upload.path, limits=limits)
                    recognized = {page.number: page for page in recognition.pages()}
                    pages = [recognized.get(page.number, page) for page in pages]
                    file = recognition.result()
                yield file, pages
                pages = []
