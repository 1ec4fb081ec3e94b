"""Turn flow items into strips: a heading, a paragraph or a table's row, with its columns on the page and its type."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import zip_longest

from assistant.coded import CodedEntry
from assistant.domain import HiddenText
from assistant.ingestion.flow import faces
from assistant.ingestion.flow.columns import Column, columns_for
from assistant.ingestion.flow.faces import Face
from assistant.ingestion.flow.items import Heading, HiddenWords, Item, PageBreak, Paragraph, Row, Table
from assistant.ingestion.flow.wrapping import Room, clean
from assistant.ingestion.typesetting import MARGIN, PAGE_WIDTH

_ROOM = PAGE_WIDTH - 2 * MARGIN
_WHOLE_WIDTH = (Column(x=MARGIN, width=_ROOM),)
_INDENT_POINTS = 18.0
_DEEPEST_INDENT = 8
# A table with more columns than any page has is set as lines with tabs.
_MOST_COLUMNS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Type:
    """How a strip is set: size, weight, the room between its text and its rules; in points."""

    size: float
    is_bold: bool = False
    padding: float = 0.0

    @property
    def face(self) -> Face:
        """Its typeface."""
        return faces.bold() if self.is_bold else faces.regular()

    @property
    def line_height(self) -> float:
        """From one line to the next."""
        return self.size * 1.3

    def rooms(self, columns: tuple[Column, ...]) -> tuple[Room, ...]:
        """The rooms of the texts in these columns."""
        return tuple(Room(face=self.face, size=self.size, width=column.width) for column in columns)


_BODY = Type(size=10.0)
_CELL = Type(size=9.0, padding=2.5)
_CELL_HEADING = Type(size=9.0, padding=2.5, is_bold=True)
_CAPTION = Type(size=9.5, is_bold=True)
_HEADINGS = {1: Type(size=17.0, is_bold=True), 2: Type(size=13.5, is_bold=True)}
_SMALL_HEADING = Type(size=11.0, is_bold=True)
# The room above a heading, in its own size; above another block, and above the next item of a list, in points.
_HEADING_GAP = 0.8
_BLOCK_GAP = 6.0
_ITEM_GAP = 1.5
# A longer text is cut into strips of its own: setting one must not take the memory of a whole file.
_LONGEST_TEXT = 20_000
_TEXT_PART = re.compile(rf"[\s\S]{{1,{_LONGEST_TEXT}}}(?!\S)|[\s\S]{{1,{_LONGEST_TEXT}}}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """What is laid across the page as one: texts side by side, each in its column, with a gap above.

    `is_row`: ruled, kept whole on a page, one line of the text with a tab between its columns. `begins_block`: a blank
    line of the text stands before it. `keeps_next`: not left alone at the foot of a page.
    """

    cells: tuple[str, ...]
    columns: tuple[Column, ...]
    type: Type
    rooms: tuple[Room, ...]
    gap: float = _BLOCK_GAP
    is_row: bool = False
    begins_block: bool = True
    keeps_next: bool = False
    entries: tuple[CodedEntry, ...] = ()


Mark = Strip | HiddenText | PageBreak


def strips(items: Iterable[Item]) -> Iterator[Mark]:
    """The strips of all items, top to bottom; page breaks and hidden words stand between them as they are."""
    before: Item | None = None
    for item in items:
        match item:
            case Heading():
                yield from _bounded(_heading(item))
            case Paragraph():
                follows_item = isinstance(before, Paragraph) and bool(before.marker)
                yield from _bounded(_paragraph(item, begins_block=not (item.marker and follows_item)))
            case Table():
                for strip in _table(item):
                    yield from _bounded(strip)
            case PageBreak():
                yield item
            case HiddenWords():
                yield HiddenText(text=clean(item.text), place=item.place, box=None)
        before = item


def _bounded(strip: Strip) -> Iterator[Strip]:
    """The strip, or where a text of it is too long for one, several; what it points at stands in the first."""
    if max(map(len, strip.cells), default=0) <= _LONGEST_TEXT:
        yield strip
        return
    for number, cells in enumerate(zip_longest(*map(_TEXT_PART.findall, strip.cells), fillvalue="")):
        part = replace(strip, cells=cells)
        yield part if number == 0 else replace(part, begins_block=False, gap=0.0, entries=())


def _heading(heading: Heading) -> Strip:
    style = _HEADINGS.get(max(heading.level, 1), _SMALL_HEADING)
    return Strip(
        cells=(_one_line(heading.text),),
        columns=_WHOLE_WIDTH,
        type=style,
        rooms=style.rooms(_WHOLE_WIDTH),
        gap=style.size * _HEADING_GAP,
        keeps_next=True,
    )


def _paragraph(paragraph: Paragraph, *, begins_block: bool) -> Strip:
    left = MARGIN + min(paragraph.indent, _DEEPEST_INDENT) * _INDENT_POINTS
    marker = _one_line(paragraph.marker)
    cells: tuple[str, ...] = (clean(paragraph.text),)
    columns: tuple[Column, ...] = (Column(x=left, width=MARGIN + _ROOM - left),)
    if marker:
        wide = min(max(_INDENT_POINTS, (_BODY.face.width(marker) + 0.5) * _BODY.size), _ROOM / 3)
        text = Column(x=left + wide, width=MARGIN + _ROOM - left - wide)
        cells, columns = (marker, *cells), (Column(x=left, width=wide), text)
    gap = _BLOCK_GAP if begins_block else _ITEM_GAP
    return Strip(
        cells=cells,
        columns=columns,
        type=_BODY,
        rooms=_BODY.rooms(columns),
        gap=gap,
        begins_block=begins_block,
        entries=paragraph.entries,
    )


def _table(table: Table) -> Iterator[Strip]:
    if caption := _one_line(table.caption):
        rooms = _CAPTION.rooms(_WHOLE_WIDTH)
        yield Strip(cells=(caption,), columns=_WHOLE_WIDTH, type=_CAPTION, rooms=rooms, keeps_next=True)
    rows = [tuple(map(_cell, row.cells)) for row in table.rows]
    count = max(map(len, rows), default=0)
    if count > _MOST_COLUMNS:
        yield from _as_lines(table.rows, rows, begins_block=not caption)
        return
    columns = columns_for(rows, face=_CELL_HEADING.face, size=_CELL.size, x=MARGIN, room=_ROOM, padding=_CELL.padding)
    rooms, heading_rooms = _CELL.rooms(columns), _CELL_HEADING.rooms(columns)
    for number, (row, cells) in enumerate(zip(table.rows, rows, strict=True)):
        yield Strip(
            cells=cells + ("",) * (count - len(cells)),
            columns=columns,
            type=_CELL_HEADING if row.is_heading else _CELL,
            rooms=heading_rooms if row.is_heading else rooms,
            gap=_gap(number),
            is_row=True,
            begins_block=number == 0 and not caption,
            entries=row.entries,
        )


def _as_lines(rows: tuple[Row, ...], texts: list[tuple[str, ...]], *, begins_block: bool) -> Iterator[Strip]:
    for number, (row, cells) in enumerate(zip(rows, texts, strict=True)):
        yield Strip(
            cells=("\t".join(cell.replace("\n", " ") for cell in cells).rstrip("\t"),),
            columns=_WHOLE_WIDTH,
            type=_CELL,
            rooms=_CELL.rooms(_WHOLE_WIDTH),
            gap=_gap(number),
            begins_block=number == 0 and begins_block,
            entries=row.entries,
        )


def _gap(row_number: int) -> float:
    return 0.0 if row_number else _BLOCK_GAP


def _one_line(text: str) -> str:
    return " ".join(clean(text).split())


def _cell(text: str) -> str:
    """A cell's text keeps its line breaks on the page; a tab of its own would make it two cells."""
    text = clean(text)
    return text if text.isprintable() else text.replace("\t", " ").strip()
