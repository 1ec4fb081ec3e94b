"""Read the cells of one sheet in one pass, row by row; what is there and not shown is kept apart.

openpyxl's own read-only sheets do not tell hidden rows, merged cells or formulas without a value, and fill up rows that
a file only claims to have.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple
from zipfile import ZipFile

from lxml import etree

from assistant.domain import HidingPlace
from assistant.ingestion.limits import Limits
from assistant.ingestion.problems import refusal
from assistant.ingestion.sheets.cell_values import CellValue, CellValues
from assistant.ingestion.sheets.workbook import Sheet, Workbook, elements

_REFERENCE = re.compile(r"\$?([A-Z]{1,3})\$?(\d{1,7})")
_LAST_ROW, _LAST_COLUMN = 1_048_576, 16_384
# More cells merged side by side than fit a screen: a file that wants to cost time.
_MOST_MERGED_A_ROW = 200
# No cell of any program holds more; a longer one is made to be slow.
_LONGEST_TEXT = 32_767
_TRUE = ("1", "true")
_DIGITS = "0123456789"
_MOST_LETTERS = 3
_CODES = re.compile(r'&(?:"[^"]*"|K[0-9A-Fa-f]{6}|\d+|[A-Za-z])|&(?=&)')


class Cell(NamedTuple):
    """A cell that holds something. A tuple, for a workbook has millions. `place` is why it is not shown."""

    row: int
    column: int
    text: str
    place: HidingPlace | None = None


class Range(NamedTuple):
    """Cells from one corner to the other, both included."""

    first_row: int
    first_column: int
    last_row: int
    last_column: int


@dataclass(slots=True, kw_only=True)
class SheetContents:
    """What a sheet holds: its cells row by row, what its printout says above and below, and what is amiss."""

    cells: list[Cell] = field(default_factory=list)
    headers: list[str] = field(default_factory=list)
    formulas_without_value: int = 0
    damaged_cells: int = 0
    cut_cells: int = 0
    is_cut: bool = False

    @property
    def shown(self) -> list[Cell]:
        """The cells that can be seen."""
        return [cell for cell in self.cells if cell.place is None]

    @property
    def hidden(self) -> list[Cell]:
        """The cells that hold something and cannot be seen."""
        return [cell for cell in self.cells if cell.place is not None]


def read_cells(archive: ZipFile, sheet: Sheet, workbook: Workbook, limits: Limits) -> SheetContents:
    """Raises FileRefusedError where there is more text than a file may have; damage cuts the sheet off."""
    values = CellValues(workbook=workbook)
    reading = _Reading(is_sheet_hidden=sheet.is_hidden, limits=limits, values=values)
    if sheet.path not in archive.NameToInfo:
        reading.contents.is_cut = True
        return reading.contents
    names = ("row", "col", "mergeCell", "oddHeader", "oddFooter", "tablePart", "conditionalFormatting")
    try:
        for element in elements(archive, sheet.path, *names):
            reading.take(element)
    except etree.XMLSyntaxError:
        reading.contents.is_cut = True
    reading.finish()
    return reading.contents


@dataclass(slots=True, kw_only=True)
class _Reading:
    is_sheet_hidden: bool
    limits: Limits
    values: CellValues
    contents: SheetContents = field(default_factory=SheetContents)
    hidden_columns: set[int] = field(default_factory=set)
    merged: list[Range] = field(default_factory=list)
    # Colours that come from elsewhere: white letters may stand on any of them.
    is_colored: bool = False
    characters: int = 0
    row: int = 0

    def take(self, element: etree._Element) -> None:
        match element.tag.rpartition("}")[2]:
            case "row":
                self._take_row(element)
            case "col" if _is_hidden(element, "width"):
                last = min(_number(element.get("max")), _LAST_COLUMN)
                self.hidden_columns.update(range(_number(element.get("min")), last + 1))
            case "mergeCell" if (found := _range(element.get("ref") or "")) is not None:
                self.merged.append(found)
            case "oddHeader" | "oddFooter" if text := " ".join(_CODES.sub(" ", element.text or "").split()):
                self.contents.headers.append(text)
            case "tablePart" | "conditionalFormatting":
                self.is_colored = True
            case _:
                pass

    def finish(self) -> None:
        """Rows as the sheet shows them, and what a merged cell covers put aside."""
        cells = sorted(self.contents.cells, key=lambda cell: (cell.row, cell.column))
        if self.is_colored:
            cells = [cell._replace(place=None) if cell.place is HidingPlace.WHITE else cell for cell in cells]
        self.contents.cells = list(_uncovered(cells, self.merged))
        self.contents.formulas_without_value = self.values.formulas_without_value
        self.contents.damaged_cells = self.values.damaged

    def _take_row(self, row: etree._Element) -> None:
        """The row's cells; a row or cell that does not say where it is stands after the one before."""
        self.row = _number(row.get("r")) or self.row + 1
        if self.row > _LAST_ROW:
            return
        is_hidden = self.is_sheet_hidden or _is_hidden(row, "ht")
        column = 0
        for element in row:
            column = _column((element.get("r") or "").rstrip(_DIGITS)) or column + 1
            if len(element) and column <= _LAST_COLUMN and (value := self.values.read(element)) is not None:
                self._add(column, value, is_hidden=is_hidden)

    def _add(self, column: int, value: CellValue, *, is_hidden: bool) -> None:
        text = value.text[:_LONGEST_TEXT]
        self.contents.cut_cells += len(text) < len(value.text)
        self.characters += len(text)
        if self.characters > self.limits.file_characters:
            raise refusal("too_much_text", limit=f"{self.limits.file_characters:,}")
        place: HidingPlace | None = None
        if is_hidden or value.is_blank or column in self.hidden_columns:
            place = HidingPlace.INVISIBLE
        elif value.is_white:
            place = HidingPlace.WHITE
        self.contents.cells.append(Cell(self.row, column, text, place))


def _uncovered(cells: list[Cell], merged: list[Range]) -> Iterator[Cell]:
    """The cells in order; those that a merged one lies over are hidden by it."""
    waiting = sorted(merged, reverse=True)
    active: list[Range] = []
    row = 0
    for cell in cells:
        if cell.row != row:
            row = cell.row
            while waiting and waiting[-1].first_row <= row:
                active.append(waiting.pop())
            active = [area for area in active if area.last_row >= row][:_MOST_MERGED_A_ROW]
        is_covered = any(
            area.first_column <= cell.column <= area.last_column
            and (cell.row, cell.column) != (area.first_row, area.first_column)
            for area in active
        )
        yield cell._replace(place=cell.place or HidingPlace.COVERED) if is_covered else cell


def _range(reference: str) -> Range | None:
    first, _, last = reference.partition(":")
    start, end = _REFERENCE.fullmatch(first), _REFERENCE.fullmatch(last)
    if start is None or end is None:
        return None
    return Range(int(start.group(2)), _column(start.group(1)), int(end.group(2)), _column(end.group(1)))


@lru_cache(maxsize=_LAST_COLUMN)
def _column(letters: str) -> int:
    """The column's number; "ZZZ" has one too, though no sheet has it. 0 for what names no column."""
    if not (letters.isascii() and letters.isalpha() and len(letters) <= _MOST_LETTERS):
        return 0
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def _is_hidden(element: etree._Element, size: str) -> bool:
    """Whether a row or column is hidden, or has no height or width."""
    return element.get("hidden") in _TRUE or element.get(size) == "0"


def _number(value: str | None) -> int:
    return int(value) if value is not None and value.isascii() and value.isdecimal() and len(value) < 10 else 0
