"""Find tables among the lines of a page: runs of lines whose gaps lie one below the other.

A gap as wide as a line is high needs one other line that has it too. A narrower one needs more lines, and cells that
stand in line: loosely set prose has such gaps too, but its words begin anywhere.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from assistant.ingestion.layout.pieces import Piece
from assistant.ingestion.layout.text_lines import Gap, TextLine

_SHARED_POINTS = 2.0
# Of the lines with cells, so many may cross a gutter: a heading over two columns.
_CROSSING_SHARE = 0.15
_FEWEST_LINES = 2
_FEWEST_NARROW_LINES = 4
_ALIGNED_POINTS = 1.5
_ALIGNED_SHARE = 0.6
# In line heights, from top to top: rows further apart are not of one table; lines closer than this are one paragraph.
_FARTHEST_ROWS = 4.0
_FAR_ROWS = 1.9
_FARTHER = 1.5
_SAME_HEIGHT = 1.25
_PROSE_PITCH = 1.7
_MARGIN_POINTS = 6.0


@dataclass(frozen=True, slots=True)
class Table:
    """Lines that make a table, and the gutters between its columns, from left to right."""

    lines: list[TextLine]
    gutters: list[Gap]

    def column(self, cell: Piece) -> int:
        """The column, from 0, that a cell stands in: the one of its middle, or the first of several."""
        crossed = sum(cell.x0 < gutter.x0 and gutter.x1 < cell.x1 for gutter in self.gutters)
        x = cell.x0 if crossed > 1 else (cell.x0 + cell.x1) / 2
        return sum(x > (gutter.x0 + gutter.x1) / 2 for gutter in self.gutters)


def sections(lines: Sequence[TextLine]) -> Iterator[Table | list[TextLine]]:
    """The lines from top to bottom, those of a table together."""
    plain: list[TextLine] = []
    at = 0
    while at < len(lines):
        table = _table_from(lines, at)
        if table is None:
            plain.append(lines[at])
            at += 1
            continue
        if plain:
            yield plain
            plain = []
        yield table
        at += len(table.lines)
    if plain:
        yield plain


def _table_from(lines: Sequence[TextLine], first: int) -> Table | None:
    """The table that begins with this line, if one does."""
    if not lines[first].gaps or _is_loose_prose(lines, first):
        return None
    last, pitch = first, math.inf
    for at in range(first + 1, len(lines)):
        line, down = lines[at], lines[at].whole.y0 - lines[at - 1].whole.y0
        if _is_apart(lines[last], line, down, pitch):
            break
        pitch = min(pitch, down)
        if line.gaps and not _is_loose_prose(lines, at):
            if not _share_a_gap(line, lines[last]):
                break
            last = at
        elif any(map(line.crosses, lines[last].gaps)):
            break
    if last == first and not any(gap.is_certain for gap in lines[first].gaps):
        return None
    last = _last_wrapped(lines, first, last)
    found = list(lines[first : last + 1])
    gutters = _gutters(found)
    return Table(found, gutters) if gutters else None


def _is_apart(row: TextLine, line: TextLine, down: float, pitch: float) -> bool:
    """Whether a line is of another kind than the table's last row, or stands further down than its rows do."""
    height = line.height
    smaller, larger = sorted((row.height, height))
    if larger > _SAME_HEIGHT * smaller or down > _FARTHEST_ROWS * height:
        return True
    return down > _FAR_ROWS * height and down > _FARTHER * pitch and not _has_same_stops(row, line)


def _has_same_stops(row: TextLine, line: TextLine) -> bool:
    """Whether most cells of the line begin or end where cells of the row do."""
    lefts, rights = [piece.x0 for piece in row.pieces], [piece.x1 for piece in row.pieces]
    same = sum(
        any(abs(piece.x0 - left) <= _ALIGNED_POINTS for left in lefts)
        or any(abs(piece.x1 - right) <= _ALIGNED_POINTS for right in rights)
        for piece in line.pieces
    )
    return same >= max(2, _ALIGNED_SHARE * len(line.pieces))


def _share_a_gap(line: TextLine, other: TextLine) -> bool:
    return any(gap.shared(above) >= _SHARED_POINTS or gap.is_ruled for gap in line.gaps for above in other.gaps)


def _is_loose_prose(lines: Sequence[TextLine], at: int) -> bool:
    """Whether the gaps of the line are a printer's: a line beside it fills the same width and runs over them.

    A very wide gap needs such a line above and below.
    """
    line = lines[at]
    if any(gap.is_ruled for gap in line.gaps):
        return False
    beside = [lines[n] for n in (at - 1, at + 1) if 0 <= n < len(lines) and _is_next(lines[n], line)]
    crossing = sum(all(map(other.crosses, line.gaps)) for other in beside)
    return crossing >= (2 if any(gap.is_certain for gap in line.gaps) else 1)


def _is_next(other: TextLine, line: TextLine) -> bool:
    """Whether the two are lines of one paragraph; its last line may be shorter, its first one indented."""
    one, two = other.whole, line.whole
    return (
        abs(one.y0 - two.y0) <= _PROSE_PITCH * max(other.height, line.height)
        and one.x0 <= two.x0 + _MARGIN_POINTS
        and one.x1 >= two.x1 - _MARGIN_POINTS
    )


def _last_wrapped(lines: Sequence[TextLine], first: int, last: int) -> int:
    """The table's last line: words under its last row may be the rest of a cell."""
    rows = [line for line in lines[first : last + 1] if line.gaps]
    lefts = [piece.x0 for row in rows for piece in row.pieces[1:]]
    begins = [row.whole.x0 for row in rows]
    while last + 1 < len(lines):
        line = lines[last + 1]
        is_close = line.whole.y0 - lines[last].whole.y0 <= _PROSE_PITCH * line.height
        goes_on = line.whole.words[0].text[0].islower() and _stands_at(line, begins)
        if line.gaps or not is_close or not (goes_on or _stands_at(line, lefts)):
            break
        last += 1
    return last


def _stands_at(line: TextLine, places: Sequence[float]) -> bool:
    return any(abs(line.whole.x0 - place) <= _ALIGNED_POINTS for place in places)


def _gutters(lines: Sequence[TextLine]) -> list[Gap]:
    """Where no cell stands, or only here and there a heading."""
    rows = [line for line in lines if line.gaps]
    x0 = min(line.whole.x0 for line in rows)
    covered = np.zeros(int(2 * (max(line.whole.x1 for line in rows) - x0)) + 2, dtype=np.int32)  # half points
    for line in rows:
        for piece in line.pieces:
            covered[int(2 * (piece.x0 - x0)) : int(2 * (piece.x1 - x0)) + 1] += 1
    free = np.concatenate([[False], covered <= _CROSSING_SHARE * len(rows), [False]])
    edges = np.flatnonzero(free[1:] != free[:-1])
    height = rows[0].height
    found = [Gap(x0 + a / 2, x0 + b / 2, height) for a, b in edges.reshape(-1, 2).tolist()]
    return [gutter for gutter in found if _is_proven(gutter, rows)]


def _is_proven(gutter: Gap, rows: Sequence[TextLine]) -> bool:
    own = [(line, gap) for line in rows for gap in line.gaps if gap.shared(gutter) > 0.9 * (gutter.x1 - gutter.x0)]
    if any(gap.is_certain for _, gap in own) or sum(gap.is_wide for _, gap in own) >= _FEWEST_LINES:
        return True
    if len(own) < max(_FEWEST_NARROW_LINES, len(rows)):
        return False
    return _are_aligned([_after(line, gap) for line, gap in own])


def _after(line: TextLine, gap: Gap) -> Piece:
    return line.pieces[line.gaps.index(gap) + 1]


def _are_aligned(cells: Sequence[Piece]) -> bool:
    """Whether most cells share their left ends, their right ends or their middles."""
    for places in ([c.x0 for c in cells], [c.x1 for c in cells], [(c.x0 + c.x1) / 2 for c in cells]):
        usual = float(np.median(places))
        if sum(abs(place - usual) <= _ALIGNED_POINTS for place in places) >= _ALIGNED_SHARE * len(cells):
            return True
    return False
