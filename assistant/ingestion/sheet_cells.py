"""Read the cells of one sheet as they are shown, in one pass; what is there and not shown is kept apart.

openpyxl's own read-only sheets do not tell hidden rows, merged cells or formulas without a value, and fill up rows that
a file only claims to have.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple
from zipfile import ZipFile

from lxml import etree

from assistant.domain import HidingPlace
from assistant.ingestion.limits import Limits
from assistant.ingestion.number_formats import general, shown_number, shown_text
from assistant.ingestion.problems import refusal
from assistant.ingestion.workbook import CellStyle, Sheet, Workbook, elements, rich_text

_NO_VALUE = "[formula without a stored value]"
_DAMAGED = "\ufffd"
_REFERENCE = re.compile(r"\$?([A-Z]{1,3})\$?(\d{1,7})")
_LAST_ROW, _LAST_COLUMN = 1_048_576, 16_384
# More cells merged side by side than fit a screen: a file that wants to cost time.
_MOST_MERGED_A_ROW = 500
_TRUE = ("1", "true")
_DEFAULT_STYLE = CellStyle()
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
    reading = _Reading(workbook=workbook, is_sheet_hidden=sheet.is_hidden, limits=limits)
    if sheet.path not in archive.NameToInfo:
        reading.contents.is_cut = True
        return reading.contents
    names = ("c", "row", "col", "mergeCell", "oddHeader", "oddFooter", "tablePart", "conditionalFormatting")
    try:
        for element in elements(archive, sheet.path, *names):
            reading.take(element)
    except etree.XMLSyntaxError:
        reading.contents.is_cut = True
    reading.finish()
    return reading.contents


@dataclass(slots=True, kw_only=True)
class _Reading:
    workbook: Workbook
    is_sheet_hidden: bool
    limits: Limits
    contents: SheetContents = field(default_factory=SheetContents)
    hidden_columns: set[int] = field(default_factory=set)
    merged: list[Range] = field(default_factory=list)
    # Colours that come from elsewhere: white letters may stand on any of them.
    is_colored: bool = False
    characters: int = 0
    row: int = 0
    column: int = 0
    row_element: etree._Element | None = None

    def take(self, element: etree._Element) -> None:
        match element.tag.rpartition("}")[2]:
            case "c":
                self._take_cell(element)
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

    def _take_cell(self, element: etree._Element) -> None:
        self._move_to(element)
        if len(element) == 0 or not (self.row <= _LAST_ROW and self.column <= _LAST_COLUMN):
            return
        style = self._style(element.get("s"))
        text, shown = self._texts(element, style)
        if not (text.strip() or shown.strip()):
            return
        self.characters += len(text)
        if self.characters > self.limits.file_characters:
            raise refusal("too_much_text", limit=f"{self.limits.file_characters:,}")
        place = self._place(style, is_blank=not shown.strip())
        self.contents.cells.append(Cell(self.row, self.column, shown if shown.strip() else text, place))

    def _move_to(self, element: etree._Element) -> None:
        """The place of the cell; a cell or row that does not say stands after the one before."""
        row = element.getparent()
        if row is not None and row is not self.row_element:
            self.row_element = row
            self.row = _number(row.get("r")) or self.row + 1
            self.column = 0
        found = _REFERENCE.fullmatch(element.get("r") or "")
        if found:
            self.row, self.column = int(found.group(2)), _column(found.group(1))
        else:
            self.column += 1

    def _style(self, index: str | None) -> CellStyle:
        number = _number(index)
        return self.workbook.styles[number] if number < len(self.workbook.styles) else _DEFAULT_STYLE

    def _texts(self, element: etree._Element, style: CellStyle) -> tuple[str, str]:
        """What the cell holds, and what of it is shown."""
        parts = {child.tag.rpartition("}")[2]: child for child in element}
        kind = element.get("t") or "n"
        if kind == "inlineStr" and "is" in parts:
            text = rich_text(parts["is"])
            return text, shown_text(text, style.number_format)
        raw = (parts["v"].text or "") if "v" in parts else ""
        # A formula may give an empty text, but no empty number.
        if "f" in parts and not raw and (kind != "str" or "v" not in parts):
            self.contents.formulas_without_value += 1
            return _NO_VALUE, _NO_VALUE
        return self._value(raw, kind, style) if raw else ("", "")

    def _value(self, raw: str, kind: str, style: CellStyle) -> tuple[str, str]:
        match kind:
            case "s":
                text = self._shared(raw)
                return text, shown_text(text, style.number_format)
            case "str":
                return raw, shown_text(raw, style.number_format)
            case "b":
                text = "TRUE" if raw.strip() in _TRUE else "FALSE"
                return text, text
            case "n":
                return self._numeric(raw, style)
            case _:  # an error such as #REF!, an ISO date
                text = raw.removesuffix("T00:00:00") if kind == "d" else raw
                return text, text

    def _shared(self, raw: str) -> str:
        index = int(raw) if raw.isascii() and raw.strip().isdecimal() and len(raw) < 10 else -1
        if 0 <= index < len(self.workbook.texts):
            return self.workbook.texts[index]
        self.contents.damaged_cells += 1
        return _DAMAGED

    def _numeric(self, raw: str, style: CellStyle) -> tuple[str, str]:
        try:
            value = float(raw)
        except ValueError:
            return raw, raw
        if not math.isfinite(value):
            return raw, raw
        return general(value), shown_number(value, style.number_format, self.workbook.epoch)

    def _place(self, style: CellStyle, *, is_blank: bool) -> HidingPlace | None:
        is_hidden = (
            self.is_sheet_hidden
            or is_blank
            or (self.row_element is not None and _is_hidden(self.row_element, "ht"))
            or self.column in self.hidden_columns
        )
        if is_hidden:
            return HidingPlace.INVISIBLE
        return HidingPlace.WHITE if style.is_white else None


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
    """The column's number; "ZZZ" has one too, though no sheet has it."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def _is_hidden(element: etree._Element, size: str) -> bool:
    """Whether a row or column is hidden, or has no height or width."""
    return element.get("hidden") in _TRUE or element.get(size) == "0"


def _number(value: str | None) -> int:
    return int(value) if value is not None and value.isascii() and value.isdecimal() and len(value) < 10 else 0
