"""Find the tables of a sheet: what empty rows and columns set apart stands apart on the page too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise

from assistant.ingestion.flow.items import Item, Paragraph, Row, Table
from assistant.ingestion.sheets.cells import Cell
from assistant.ingestion.sheets.csv_dialect import looks_like_heading

# So many rows share their columns' widths; laying them out holds them all in memory.
_ROWS_PER_TABLE = 500
# Each empty column costs a look at all rows; nobody puts more tables side by side.
_MOST_GAPS = 50

_Rows = list[list[Cell]]


def sheet_items(cells: Sequence[Cell], kept_rows: frozenset[int] = frozenset()) -> Iterator[Item]:
    """The shown cells of a sheet, in order, as tables and lines. `kept_rows` hold something hidden: they are no gap."""
    rows = [list(row) for _, row in groupby(cells, key=lambda cell: cell.row)]
    for run in _runs(rows, kept_rows):
        for area in _side_by_side(run):
            for block in _runs(area, kept_rows):
                yield from _block_items(block)


def _runs(rows: _Rows, kept_rows: frozenset[int]) -> Iterator[_Rows]:
    """The rows between empty ones."""
    run: _Rows = []
    for row in rows:
        if run and not _follows(run[-1][0].row, row[0].row, kept_rows):
            yield run
            run = []
        run.append(row)
    if run:
        yield run


def _follows(above: int, below: int, kept_rows: frozenset[int]) -> bool:
    # A filter hides rows in thousands; a longer stretch of them is taken for a gap.
    return below - above <= len(kept_rows) + 1 and all(row in kept_rows for row in range(above + 1, below))


def _side_by_side(rows: _Rows) -> Iterator[_Rows]:
    """The areas that an empty column sets apart, where they are surely tables of their own; else rows stay whole."""
    columns = sorted({cell.column for row in rows for cell in row})
    gaps = [right for left, right in pairwise(columns) if right - left > 1]
    areas: list[_Rows] = []
    first = 0
    for gap in gaps[:_MOST_GAPS]:
        left, right = _between(rows, first, gap), _from(rows, gap)
        if _is_wide(left) and _is_wide(right) and _stand_apart(left, right):
            areas.append(left)
            first = gap
    areas.append(_from(rows, first))
    yield from sorted(areas, key=lambda area: area[0][0].row)


def _stand_apart(left: _Rows, right: _Rows) -> bool:
    """Whether two areas are two tables: one below the other, or of other rows and with a heading each.

    A label and its value may have an empty column between them, and must not be torn apart.
    """
    if left[-1][0].row < right[0][0].row or right[-1][0].row < left[0][0].row:
        return True
    same_rows = (left[0][0].row, left[-1][0].row) == (right[0][0].row, right[-1][0].row)
    return not same_rows and _has_heading(left) and _has_heading(right)


def _has_heading(rows: _Rows) -> bool:
    return looks_like_heading([cell.text for cell in rows[0]], rows[1:])


def _between(rows: _Rows, first: int, end: int) -> _Rows:
    cut = ([cell for cell in row if first <= cell.column < end] for row in rows)
    return [row for row in cut if row]


def _from(rows: _Rows, first: int) -> _Rows:
    return _between(rows, first, max(row[-1].column for row in rows) + 1)


def _is_wide(rows: _Rows) -> bool:
    return len({cell.column for row in rows for cell in row}) > 1


def _block_items(rows: _Rows) -> Iterator[Item]:
    """One block's table, without the columns that are empty in it; a single cell above it is its title."""
    columns = sorted({cell.column for row in rows for cell in row})
    first = 0
    while len(rows[first]) == 1 and rows[first][0].column == columns[0] and (len(columns) > 1 or len(rows) == 1):
        yield Paragraph(text=rows[first][0].text)
        first += 1
        if first == len(rows):
            return
    texts = [_texts(row, columns) for row in rows[first:]]
    has_heading = _has_heading(rows[first:])
    for start in range(0, len(texts), _ROWS_PER_TABLE):
        yield Table(
            rows=tuple(
                Row(cells=cells, is_heading=has_heading and start + index == 0)
                for index, cells in enumerate(texts[start : start + _ROWS_PER_TABLE])
            )
        )


def _texts(row: list[Cell], columns: list[int]) -> tuple[str, ...]:
    by_column = {cell.column: cell.text for cell in row}
    return tuple(by_column.get(column, "") for column in columns)
