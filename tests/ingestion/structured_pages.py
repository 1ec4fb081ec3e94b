"""Open structured files from bytes in this process, and look at their pages and entries."""

from __future__ import annotations

from collections.abc import Callable

from assistant.coded import CodedEntry, EntryKind
from assistant.domain import Page
from assistant.ingestion.limits import Limits
from assistant.ingestion.reader import OpenFile, Source

Opening = Callable[[Source, Limits], OpenFile]


def pages_of(opening: Opening, data: bytes, limits: Limits | None = None) -> list[Page]:
    """The pages of a file, as reading gives them."""
    opened = opening(Source(name="file", data=data), limits or Limits())
    try:
        return [_page(opened, number) for number in range(1, opened.page_count + 1)]
    finally:
        opened.close()


def warnings_of(opening: Opening, data: bytes) -> tuple[str, ...]:
    """What a file warns of, once it is read."""
    opened = opening(Source(name="file", data=data), Limits())
    for number in range(1, opened.page_count + 1):
        opened.read(number)
    return opened.warnings


def text_of(opening: Opening, data: bytes) -> str:
    """All pages' text."""
    return "\n".join(page.text for page in pages_of(opening, data))


def entries_of(opening: Opening, data: bytes, kind: EntryKind | None = None) -> list[tuple[CodedEntry, str]]:
    """The entries, of one kind or all, each with the words that it points to."""
    return [
        (entry, page.text[entry.start : entry.end])
        for page in pages_of(opening, data)
        for entry in page.entries
        if kind in (None, entry.kind)
    ]


def _page(opened: OpenFile, number: int) -> Page:
    read = opened.read(number)
    return Page(
        file="file",
        number=number,
        text=read.composed.text,
        width=read.width,
        height=read.height,
        origin=read.origin,
        words=read.composed.words,
        part=read.part,
        entries=read.entries,
    )
