"""Set the words of one planned page at their places: what its text, its boxes and its picture are all made from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from assistant.coded import CodedEntry
from assistant.ingestion.flow.pages import PagePlan, Piece
from assistant.ingestion.flow.strips import Strip, Type
from assistant.ingestion.flow.wrapping import SetLine, runs_leftwards, wrap
from assistant.ingestion.layout.page_text import CELL_END, JOINED, Block, Line, PlacedWord
from assistant.ingestion.typesetting import MARGIN, PAGE_WIDTH

_MARKS = {" ": None, "\t": CELL_END, "": JOINED}


class InkedWord(NamedTuple):
    """A word and the type that it is set in."""

    word: PlacedWord
    type: Type


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A thin line on the page, in points."""

    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointer:
    """Coded entries, and the Lines that they stand in: `first` to before `last`, counted over all blocks."""

    entries: tuple[CodedEntry, ...]
    first: int
    last: int

    def placed(self, lines: tuple[tuple[int, int], ...]) -> Iterator[CodedEntry]:
        """The entries with their offsets, once it is known from where to where each Line goes."""
        start, end = lines[self.first][0], lines[self.last - 1][1]
        for entry in self.entries:
            yield replace(entry, start=start, end=end)


@dataclass(slots=True, kw_only=True)
class SetPage:
    """A page with everything at its place."""

    width: float = PAGE_WIDTH
    blocks: list[Block] = field(default_factory=list)
    inked: list[InkedWord] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    pointers: list[Pointer] = field(default_factory=list)


def set_page(plan: PagePlan) -> SetPage:
    """The page as planned."""
    page = SetPage()
    count = 0
    for piece in plan.pieces:
        lines = list(_lines(piece, page.inked))
        if piece.strip.begins_block or not page.blocks:
            page.blocks.append([])
        page.blocks[-1] += lines
        if piece.strip.entries and not piece.starts:
            page.pointers.append(Pointer(entries=piece.strip.entries, first=count, last=count + len(lines)))
        count += len(lines)
        if piece.strip.is_row:
            page.rules += _rules(piece)
            page.width = max(page.width, round(_right(piece.strip) + MARGIN, 2))
    return page


def _lines(piece: Piece, inked: list[InkedWord]) -> Iterator[Line]:
    """The text's lines: a row is one; a paragraph ends one only where it says so, not where it is wrapped."""
    strip = piece.strip
    line: Line = []
    for number, (text, column) in enumerate(zip(strip.cells, strip.columns, strict=True)):
        if number and strip.is_row:
            line.append(CELL_END)
        rest = text[piece.starts[number] :] if piece.starts else text
        y = piece.top + strip.type.padding
        mirror = column.width if runs_leftwards(text) else None
        for set_line in wrap(rest, strip.rooms[number])[: piece.lines]:
            _place(set_line, _Corner(column.x, y, mirror), strip.type, line, inked)
            y += strip.type.line_height
            if set_line.ends_hard and not strip.is_row:
                yield line
                line = []
    yield line


class _Corner(NamedTuple):
    """Where a line of text stands; `mirror` is the width in which it runs from right to left."""

    x: float
    y: float
    mirror: float | None


def _place(set_line: SetLine, corner: _Corner, type_: Type, line: Line, inked: list[InkedWord]) -> None:
    bottom = corner.y + type_.line_height
    for word in set_line.words:
        if (mark := _MARKS[word.follows]) is not None:
            line.append(mark)
        x = corner.x + (word.x if corner.mirror is None else corner.mirror - word.x - word.width)
        placed = PlacedWord(x, corner.y, x + word.width, bottom, word.text)
        line.append(placed)
        inked.append(InkedWord(placed, type_))


def _rules(piece: Piece) -> Iterator[Rule]:
    padding, columns = piece.strip.type.padding, piece.strip.columns
    if not columns:
        return
    left, right = columns[0].x - padding, _right(piece.strip)
    top, bottom = piece.top, piece.top + piece.height
    for y in (top, bottom):
        yield Rule(x0=left, y0=y, x1=right, y1=y)
    for x in (*(column.x - padding for column in columns), right):
        yield Rule(x0=x, y0=top, x1=x, y1=bottom)


def _right(strip: Strip) -> float:
    return strip.columns[-1].x + strip.columns[-1].width + strip.type.padding if strip.columns else 0.0
