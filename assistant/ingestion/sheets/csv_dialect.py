"""Tell what separates the cells of a CSV file, and whether a text is one; Python's own sniffer takes letters too."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from io import StringIO

# On a tie the earlier wins: commas are also decimals, and stand in names and sentences.
_DELIMITERS = ("\t", ";", "|", ",")
_SAMPLE_CHARACTERS = 65_536
_SAMPLE_ROWS = 200
# "sep=;" in the first line is Excel's own way to say it.
_STATED = re.compile(r"\s*sep=(.)\s*(?:\r\n|\r|\n)", re.IGNORECASE)
# Without a name that says so, a text is a table only if every line says so.
_FEWEST_ROWS = 4
_FEWEST_COLUMNS = {"\t": 3, ";": 3, "|": 3, ",": 4}
_DATUM = re.compile(r"[\s<>=~+-]*\d[\d\s.,:/T+%-]*(?:[AP]M|Z)?", re.IGNORECASE)
_LONGEST_HEADING = 80


def stated_delimiter(text: str) -> str | None:
    """The delimiter that the first line states, None where it states none."""
    stated = _STATED.match(text)
    return stated.group(1) if stated else None


def without_statement(text: str) -> str:
    """The text after a line that states the delimiter."""
    return _STATED.sub("", text, count=1) if _STATED.match(text) else text


def delimiter(text: str) -> str:
    """What separates the cells: of the likely characters, the one that gives most rows the same number of cells."""
    shares = {mark: _agreement(sample(text, mark)) for mark in _DELIMITERS}
    best = max(_DELIMITERS, key=lambda mark: shares[mark])
    return best if shares[best] else ","


def is_table(text: str) -> bool:
    """Whether a text can only be a table: every row has as many cells as its heading, and there are several of both."""
    mark = delimiter(text)
    rows = sample(text[: text.rfind("\n") + 1], mark)  # a text that is the start of a file ends anywhere
    widths = {len(row) for row in rows}
    return (
        len(rows) >= _FEWEST_ROWS
        and len(widths) == 1
        and widths.pop() >= _FEWEST_COLUMNS[mark]
        and looks_like_heading(rows[0], rows[1:])
    )


def looks_like_heading(row: Sequence[str], following: Sequence[object]) -> bool:
    """Whether a first row names its columns: a short text in each, no two alike, no number or date among them."""
    cells = [cell.strip() for cell in row]
    return (
        bool(following)
        and len(cells) > 1
        and len(set(cells)) == len(cells)
        and all(cell and len(cell) <= _LONGEST_HEADING and not _DATUM.fullmatch(cell) for cell in cells)
    )


def sample(text: str, mark: str) -> list[list[str]]:
    """The first rows that are not empty, without the one that the sample's end cuts."""
    start = text[:_SAMPLE_CHARACTERS]
    if len(start) < len(text):
        start = start[: start.rfind("\n") + 1] or start
    return list(_some(row for row in csv.reader(StringIO(start, newline=""), delimiter=mark) if any(row)))


def _some(rows: Iterator[list[str]]) -> Iterator[list[str]]:
    for _, row in zip(range(_SAMPLE_ROWS), rows, strict=False):
        yield row


def _agreement(rows: list[list[str]]) -> float:
    """The share of rows with the most common number of cells, 0 where that is one cell."""
    if not rows:
        return 0.0
    width, count = max(Counter(map(len, rows)).items(), key=lambda item: (item[1], item[0]))
    return count / len(rows) if width > 1 else 0.0
