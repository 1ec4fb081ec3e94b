"""Tables as office and web formats have them, with merged cells and blocks inside cells, as flow items."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assistant.ingestion.flow.items import Heading, HiddenWords, Item, Paragraph, Row, Table

# Spans are numbers that a file may invent.
_MOST_COLUMNS = 300
_MOST_COVERED_CELLS = 500_000
# A cell with so much in it is part of a page's layout, not of a table: its blocks stand one below the other.
_LONG_CELL_CHARACTERS = 600
_LONG_CELL_BLOCKS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A cell with the blocks in it, and how many columns and rows it covers."""

    blocks: tuple[Item, ...] = ()
    columns: int = 1
    rows: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class GridRow:
    """A row's cells, left to right, without those that a cell above covers."""

    cells: tuple[Cell, ...]
    is_heading: bool = False


def table_items(rows: Sequence[GridRow], caption: str = "") -> Iterator[Item]:
    """The table; a row that holds another table or long texts stands as its blocks, between what is above and below.

    A merged cell's text stands once, in the first column and row that it covers.
    """
    grid = list(_placed(rows))
    run: list[Row] = []
    for row, cells in zip(rows, grid, strict=True):
        if not _is_layout(cells, row):
            run.append(Row(cells=tuple(map(_text, cells)), is_heading=row.is_heading))
            yield from (block for cell in cells for block in cell if isinstance(block, HiddenWords))
            continue
        yield from _table(run, caption)
        run, caption = [], "" if run else caption
        yield from (block for cell in cells for block in cell)
    yield from _table(run, caption)


def _table(rows: list[Row], caption: str) -> Iterator[Item]:
    rows = [row for row in rows if any(row.cells)]
    if rows:
        yield Table(rows=tuple(rows), caption=caption)
    elif caption:
        yield Paragraph(text=caption)


def _placed(rows: Sequence[GridRow]) -> Iterator[list[tuple[Item, ...]]]:
    """Every row's cells by column, empty where a merged cell goes on."""
    covered: dict[int, int] = {}  # how many more rows each column is covered
    allowed = _MOST_COVERED_CELLS
    for row in rows:
        cells: list[tuple[Item, ...]] = []
        for cell in row.cells:
            while len(cells) in covered:
                cells.append(())
            first = len(cells)
            cells.append(cell.blocks)
            if allowed > 0:
                width = max(1, min(cell.columns, _MOST_COLUMNS - first))
                cells.extend(() for _ in range(width - 1))
                if cell.rows > 1:
                    covered.update(dict.fromkeys(range(first, first + width), cell.rows))
        allowed -= len(cells) - len(row.cells) + len(covered)
        covered = {column: left - 1 for column, left in covered.items() if left > 1} if allowed > 0 else {}
        yield cells


def _is_layout(cells: list[tuple[Item, ...]], row: GridRow) -> bool:
    """Whether a row arranges blocks on the page rather than values in columns."""
    if any(isinstance(block, Table) for cell in cells for block in cell):
        return True
    if len(row.cells) == 1 and any(isinstance(block, Heading) or len(cells[0]) > 1 for block in cells[0]):
        return True
    return any(
        len(cell) > _LONG_CELL_BLOCKS or (len(cell) > 1 and sum(map(len, map(_words, cell))) > _LONG_CELL_CHARACTERS)
        for cell in cells
    )


def _text(blocks: tuple[Item, ...]) -> str:
    return "\n".join(filter(None, map(_words, blocks)))


def _words(block: Item) -> str:
    match block:
        case Heading():
            return block.text
        case Paragraph():
            return f"{block.marker} {block.text}".strip()
    return ""
