"""Read CSV: rows and columns as they stand, whatever separates them. What looks like a formula is a text."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import StringIO
from itertools import chain, islice
from typing import Literal

from assistant.ingestion.encoding import decode
from assistant.ingestion.flow.items import Item, Paragraph, Row, Table
from assistant.ingestion.flow.layout import FlowFile
from assistant.ingestion.limits import Limits
from assistant.ingestion.problems import refusal
from assistant.ingestion.reader import Source
from assistant.ingestion.sheets.csv_dialect import delimiter, looks_like_heading, stated_delimiter, without_statement

_BYTES_PER_CHARACTER = 4
# A quotation mark that nobody closed swallows the rows after it.
_LONGEST_CELL_LINES = 200
_SHORTEST_BOUND = 1 << 17
# So many rows share their columns' widths; laying them out holds them all in memory.
_ROWS_PER_TABLE = 500


class CsvFile(FlowFile):
    """A CSV file laid out as tables; an empty row ends one."""

    def __init__(self, source: Source, limits: Limits) -> None:
        if source.size_bytes > limits.file_characters * _BYTES_PER_CHARACTER:
            raise refusal("too_much_text", limit=f"{limits.file_characters:,}")
        decoded = decode(source.read_bytes())
        if len(decoded.text) > limits.file_characters:
            raise refusal("too_much_text", limit=f"{limits.file_characters:,}")
        mark = stated_delimiter(decoded.text) or delimiter(decoded.text)
        text = without_statement(decoded.text)
        warnings = decoded.warnings
        is_quoted = not _is_runaway(text, mark)
        if not is_quoted:
            warnings = (*warnings, "a quotation mark is never closed; quotation marks were read as they stand")
        super().__init__(csv_items(_rows(text, mark, is_quoted=is_quoted)), limits, warnings=warnings)


def _rows(text: str, mark: str, *, is_quoted: bool) -> Iterator[list[str]]:
    """The rows' cells, trimmed at their ends; an empty row is an empty list."""
    # The reader's own bound on a cell is the process's, not a reader's; this file's length is known.
    csv.field_size_limit(max(len(text), _SHORTEST_BOUND))
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if is_quoted else csv.QUOTE_NONE
    for row in csv.reader(StringIO(text, newline=""), delimiter=mark, quoting=quoting):
        cells = [cell.strip() for cell in row]
        while cells and not cells[-1]:
            cells.pop()
        yield cells


def _is_runaway(text: str, mark: str) -> bool:
    if '"' not in text:
        return False
    return any(cell.count("\n") > _LONGEST_CELL_LINES for row in _rows(text, mark, is_quoted=True) for cell in row)


def csv_items(rows: Iterator[list[str]]) -> Iterator[Item]:
    """Rows as tables: an empty row ends one, and lines of one cell above its heading stand above it."""
    for block in _blocks(rows):
        yield from _block_items(block)


def _blocks(rows: Iterator[list[str]]) -> Iterator[Iterator[list[str]]]:
    """The runs of rows between empty ones."""
    for row in rows:
        if row:
            yield chain([row], iter(lambda: next(rows, []), []))


def _block_items(rows: Iterator[list[str]]) -> Iterator[Item]:
    """A block's table; lines of one cell above its heading are what stands above a table."""
    first = list(islice(rows, _ROWS_PER_TABLE))
    titles = 0
    if max(map(len, first)) > 1:
        while len(first[titles]) == 1:
            yield Paragraph(text=first[titles][0])
            titles += 1
    yield _table(first[titles:], has_heading=looks_like_heading(first[titles], first[titles + 1 :]))
    while more := list(islice(rows, _ROWS_PER_TABLE)):
        yield _table(more, has_heading=False)


def _table(rows: list[list[str]], *, has_heading: bool) -> Table:
    return Table(
        rows=tuple(Row(cells=tuple(cells), is_heading=has_heading and index == 0) for index, cells in enumerate(rows))
    )
