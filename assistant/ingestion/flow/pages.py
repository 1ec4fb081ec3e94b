"""Cut strips into pages: which strip, or which lines of one, stands where."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from assistant.domain import HiddenText
from assistant.ingestion.flow.strips import Mark, Strip
from assistant.ingestion.flow.wrapping import Room, fits_one_line, wrap
from assistant.ingestion.typesetting import MARGIN, PAGE_HEIGHT

_BOTTOM = PAGE_HEIGHT - MARGIN
# A heading wants so many lines of what it announces on its page.
_LINES_WITH_HEADING = 3
# Fewer lines than this are not parted from the rest of their paragraph.
_LEAST_LINES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Some lines of a strip, on one page. `starts`: from where its cells' texts go on; empty at their beginning."""

    strip: Strip
    top: float
    lines: int
    starts: tuple[int, ...] = ()

    @property
    def height(self) -> float:
        """From its top rule to its bottom rule, in points."""
        return _height(self.strip, self.lines)


@dataclass(slots=True, kw_only=True)
class PagePlan:
    """What stands on one page."""

    pieces: list[Piece] = field(default_factory=list)
    hidden: list[HiddenText] = field(default_factory=list)


def plan_pages(marks: Iterable[Mark]) -> Iterator[PagePlan]:
    """The pages that the strips need, the first at least; a break at the very end begins no other."""
    planner = _Planner()
    is_first = True
    for mark in marks:
        if isinstance(mark, HiddenText):
            planner.page.hidden.append(mark)
        elif isinstance(mark, Strip):
            for page in planner.add(mark):
                yield page
                is_first = False
        elif planner.page.pieces:
            yield planner.turn()
            is_first = False
    if is_first or planner.page.pieces or planner.page.hidden:
        yield planner.page


class _Planner:
    """The page that is being filled, and how far down it is."""

    def __init__(self) -> None:
        self.page = PagePlan()
        self._y = MARGIN

    def turn(self) -> PagePlan:
        """Begin a new page; returns the one that is full."""
        full, self.page, self._y = self.page, PagePlan(), MARGIN
        return full

    def add(self, strip: Strip) -> Iterator[PagePlan]:
        """Place a strip; yields the pages that it fills."""
        lines = max(map(_line_count, strip.cells, strip.rooms), default=0)
        wanted = lines + _LINES_WITH_HEADING if strip.keeps_next else lines
        if self._room(strip) < wanted and self.page.pieces and not self._may_part(strip, lines):
            yield self.turn()
        if self._room(strip) >= lines:
            self._place(strip, lines)
        else:
            yield from self._add_in_parts(strip)

    def _may_part(self, strip: Strip, lines: int) -> bool:
        """Whether the strip may begin on this page and go on over leaf."""
        if self._room(strip) < _LEAST_LINES or strip.keeps_next:
            return False
        return not strip.is_row or _height(strip, lines) > _BOTTOM - MARGIN

    def _room(self, strip: Strip) -> int:
        """How many lines of the strip this page still takes."""
        gap = strip.gap if self.page.pieces else 0.0
        return int((_BOTTOM - self._y - gap - 2 * strip.type.padding + 0.01) / strip.type.line_height)

    def _place(self, strip: Strip, lines: int, starts: tuple[int, ...] = ()) -> None:
        if self.page.pieces and not starts:
            self._y += strip.gap
        piece = Piece(strip=strip, top=self._y, lines=lines, starts=starts)
        self.page.pieces.append(piece)
        self._y += piece.height

    def _add_in_parts(self, strip: Strip) -> Iterator[PagePlan]:
        cells = [[line.start for line in wrap(text, room)] for text, room in zip(strip.cells, strip.rooms, strict=True)]
        ends = [len(text) for text in strip.cells]
        total = max(map(len, cells))
        first = 0
        while first < total:
            lines = min(max(self._room(strip), 1), total - first)
            starts = tuple(cell[first] if first < len(cell) else end for cell, end in zip(cells, ends, strict=True))
            self._place(strip, lines, starts if first else ())
            first += lines
            if first < total:
                yield self.turn()


def _line_count(text: str, room: Room) -> int:
    return 1 if fits_one_line(text, room) else len(wrap(text, room))


def _height(strip: Strip, lines: int) -> float:
    return lines * strip.type.line_height + 2 * strip.type.padding
