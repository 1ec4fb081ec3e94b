"""What must hold for every page of every file."""

from __future__ import annotations

from pathlib import Path

from assistant.domain import Page, SourceFile
from assistant.ingestion.limits import Limits
from assistant.ingestion.reading import FileRead, PageRead, Upload, read_files


def check_page(page: Page) -> None:
    """The words are the text's words, all and in order, each in a box on the page; the text can be written as UTF-8."""
    assert page.width > 0
    assert page.height > 0
    page.text.encode()
    before = 0
    for word in page.words:
        assert before <= word.start < word.end <= len(page.text)
        before = word.end
        text = page.text[word.start : word.end]
        assert text.split() == [text]
        box = word.box
        assert 0 <= box.x0 < box.x1 <= page.width
        assert 0 <= box.y0 < box.y1 <= page.height
    # A word that a line's end cuts has two boxes.
    assert "".join(page.text[word.start : word.end] for word in page.words) == "".join(page.text.split())


def read_one(path: Path, name: str | None = None, limits: Limits | None = None) -> tuple[list[Page], SourceFile]:
    """The pages of one file, checked, and what became of it."""
    upload = Upload(name=name or path.name, path=path)
    events = list(read_files([upload], limits or Limits()))
    pages = [event.page for event in events if isinstance(event, PageRead)]
    last = events[-1]
    assert isinstance(last, FileRead)
    for page in pages:
        check_page(page)
    assert [page.number for page in pages] == list(range(1, last.file.page_count + 1))
    assert (last.file.problem is None) == bool(pages)
    return pages, last.file
