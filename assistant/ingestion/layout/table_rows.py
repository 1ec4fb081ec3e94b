"""The rows of a table, cell by cell: what a cell wraps onto the next lines stays in its row."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from assistant.ingestion.layout.page_text import CELL_END, Line, PlacedWord
from assistant.ingestion.layout.pieces import Piece
from assistant.ingestion.layout.rules import Rules
from assistant.ingestion.layout.tables import Table
from assistant.ingestion.layout.text_lines import TextLine

# In line heights, from top to top: further down than this no cell goes on.
_WRAP_PITCH = 1.5
# A line this much closer to the one above than rows are to each other goes on with it.
_CLOSER = 0.85
# Of a table's lines, so many must have a rule above them for its rules to part rows.
_RULED_SHARE = 0.3
_FEWEST_RULES = 2
_SLACK_POINTS = 1.0
_NUMBER = re.compile(r"[<>≤≥~+\-–]?\d[\d.,:/%]*")


def rows_of(table: Table, rules: Rules) -> list[Line]:
    """Each row as a Line: its words with CELL_END between the cells, one more for every empty cell."""
    lines = table.lines
    is_ruled = [rules.part(*_between(above, below)) for above, below in pairwise(lines)]
    by_rules = _part_rows(table, is_ruled)
    rows_apart = _usual_pitch(table)
    rows = [[lines[0]]]
    for (above, below), has_rule in zip(pairwise(lines), is_ruled, strict=True):
        goes_on = not has_rule if by_rules else not has_rule and _goes_on(table, rows[-1], above, below, rows_apart)
        # A line that runs across the columns is no part of a row, whatever the rules say.
        if goes_on and not any(map(below.crosses, table.gutters)):
            rows[-1].append(below)
        else:
            rows.append([below])
    return [_row(table, row) for row in rows]


def _part_rows(table: Table, is_ruled: Sequence[bool]) -> bool:
    """Whether the rules stand between all rows, rather than around the table or under its heading."""
    has_grid = any(gap.is_ruled for line in table.lines for gap in line.gaps)
    if sum(is_ruled) < max(1 if has_grid else _FEWEST_RULES, _RULED_SHARE * len(is_ruled)):
        return False
    unruled = [pair for pair, has_rule in zip(pairwise(table.lines), is_ruled, strict=True) if not has_rule]
    return not any(_are_two_rows(table, above, below) for above, below in unruled)


def _are_two_rows(table: Table, above: TextLine, below: TextLine) -> bool:
    """Whether both lines fill the same cells, not all of which ran out of room; or numbers stand over numbers."""
    if _has_number_over_number(table, above, below):
        return True
    columns = {table.column(piece) for piece in below.pieces}
    if len(columns) < 2 or columns != {table.column(piece) for piece in above.pieces}:
        return False
    return not all(_was_full(table, [above], piece) for piece in below.pieces)


def _has_number_over_number(table: Table, above: TextLine, below: TextLine) -> bool:
    """Whether a column has a number in both lines and nothing else: no number is wrapped."""
    numbers = {table.column(piece) for piece in above.pieces if _is_number(piece)}
    return any(_is_number(piece) and table.column(piece) in numbers for piece in below.pieces)


def _is_number(piece: Piece) -> bool:
    return len(piece.words) == 1 and _NUMBER.fullmatch(piece.words[0].text) is not None


def _between(above: TextLine, below: TextLine) -> tuple[float, float, float, float]:
    top, bottom = above.whole, below.whole
    middle_above, middle_below = (top.y0 + top.y1) / 2, (bottom.y0 + bottom.y1) / 2
    return middle_above, middle_below, min(top.x0, bottom.x0), max(top.x1, bottom.x1)


def _usual_pitch(table: Table) -> float:
    """How far below the line before it a row begins whose first cell is filled, from top to top."""
    pitches = [
        below.whole.y0 - above.whole.y0
        for above, below in pairwise(table.lines)
        if below.gaps and table.column(below.pieces[0]) == 0
    ]
    return median(pitches) if pitches else 0.0


def _goes_on(table: Table, row: Sequence[TextLine], above: TextLine, below: TextLine, rows_apart: float) -> bool:
    """Whether the line is the rest of cells that the row above began."""
    pitch = below.whole.y0 - above.whole.y0
    if pitch > _WRAP_PITCH * below.height:
        return False
    columns = {table.column(piece) for piece in below.pieces}
    begun = {table.column(piece) for line in row for piece in line.pieces}
    if not columns <= begun or _has_number_over_number(table, above, below):
        return False
    if pitch < _CLOSER * rows_apart and (0 not in columns or len(columns) < len(begun)):
        return True
    if len(columns) > 1:
        return False
    piece = below.pieces[0]
    if 0 in columns and not piece.words[0].text[0].islower():
        return False
    return _was_full(table, row, piece)


def _was_full(table: Table, row: Sequence[TextLine], piece: Piece) -> bool:
    """Whether the first word of the line had no room left in the cell above it."""
    column = table.column(piece)
    cells = [part for line in row for part in line.pieces if table.column(part) == column]
    room = max(part.x1 for line in table.lines for part in line.pieces if table.column(part) == column)
    first = piece.words[0]
    return bool(cells) and cells[-1].x1 + (first.x1 - first.x0) + _SLACK_POINTS >= room


def _row(table: Table, lines: Sequence[TextLine]) -> Line:
    cells: dict[int, list[PlacedWord]] = {}
    for line in lines:
        for piece in line.pieces:
            cells.setdefault(table.column(piece), []).extend(piece.words)
    row: Line = []
    at = 0
    for column in sorted(cells):
        row += [CELL_END] * (column - at)
        row += cells[column]
        at = column
    return row
