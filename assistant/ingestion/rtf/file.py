"""Read RTF documents: body, tables, lists, notes, comments, headers and footers as flow items."""

from __future__ import annotations

from collections.abc import Iterator

from assistant.ingestion.flow.items import Heading, Item
from assistant.ingestion.flow.layout import FlowFile
from assistant.ingestion.limits import Limits
from assistant.ingestion.office.office_warnings import TRACKED_CHANGES, not_read
from assistant.ingestion.office.page_furniture import furniture, marked
from assistant.ingestion.pdf.raised_digits import raised
from assistant.ingestion.problems import refusal
from assistant.ingestion.reader import Source
from assistant.ingestion.rtf.reading import RtfReading

_START = b"{\\rtf"


class RtfFile(FlowFile):
    """An RTF document on pages of our own. Embedded objects and pictures are passed over."""

    def __init__(self, source: Source, limits: Limits) -> None:
        if source.size_bytes > limits.unpacked_bytes:
            raise refusal("too_large", limit=f"{limits.unpacked_bytes >> 20} MiB")
        data = source.read_bytes().lstrip()
        if not data.startswith(_START):
            raise refusal("damaged")
        reading = RtfReading(data)
        super().__init__(_items(reading), limits, warnings=tuple(_warnings(reading)))


def _items(reading: RtfReading) -> Iterator[Item]:
    """Headers, body, notes, comments, footers."""
    yield from furniture("header", (story.items() for story in reading.headers))
    yield from reading.body.items()
    if reading.notes:
        yield Heading(text="Notes", level=3)
    for number, story in enumerate(reading.notes, start=1):
        yield from marked(story.items(), raised(str(number)))
    if reading.comments:
        yield Heading(text="Comments", level=3)
    for author, story in reading.comments:
        yield from marked(story.items(), f"Comment ({author}):")
    yield from furniture("footer", (story.items() for story in reading.footers))


def _warnings(reading: RtfReading) -> Iterator[str]:
    if reading.is_cut_off:
        yield "the file ends in the middle; what comes after is missing"
    if reading.has_changes:
        yield TRACKED_CHANGES
    yield from not_read(reading.pictures, "picture")
