"""Read Excel workbooks: a sheet is a heading and its tables, on pages of their own. Formulas are never calculated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from zipfile import ZipFile

from assistant.domain import HidingPlace
from assistant.ingestion.containers.unpacking import open_zip
from assistant.ingestion.flow.items import Heading, HiddenWords, Item, PageBreak, Paragraph
from assistant.ingestion.flow.layout import FlowFile
from assistant.ingestion.limits import Limits
from assistant.ingestion.reader import Source
from assistant.ingestion.sheets.cells import Cell, read_cells
from assistant.ingestion.sheets.notes import read_notes
from assistant.ingestion.sheets.tables import sheet_items
from assistant.ingestion.sheets.workbook import Sheet, SheetKind, Workbook, read_workbook

_LONGEST_HIDDEN_CHARACTERS = 20_000
_WARNINGS = {
    "formulas": "formulas without a stored value: {count}; open the file in its program and save it again",
    "damaged": "cells whose text is missing in the file: {count}",
    "long": "cells with more text than a cell can have, cut: {count}",
    "cut": "sheets that are damaged, and what comes after the damage missing: {count}",
    "sheets": "hidden sheets, kept out of the text: {count}",
    "cells": "cells that are hidden, kept out of the text: {count}",
    "charts": "charts, not read: {count}",
    "pictures": "pictures in sheets, not read: {count}",
}


class XlsxFile(FlowFile):
    """An Excel workbook (.xlsx, .xlsm) laid out sheet by sheet."""

    def __init__(self, source: Source, limits: Limits) -> None:
        self._amiss: Counter[str] = Counter()
        with open_zip(source, limits) as archive:
            super().__init__(self._items(archive, limits), limits)

    @property
    def warnings(self) -> tuple[str, ...]:
        return tuple(text.format(count=self._amiss[code]) for code, text in _WARNINGS.items() if self._amiss[code])

    def _items(self, archive: ZipFile, limits: Limits) -> Iterator[Item]:
        workbook = read_workbook(archive, limits)
        is_first = True
        for sheet in workbook.sheets:
            if sheet.kind is not SheetKind.CELLS:
                self._amiss["charts"] += sheet.kind is SheetKind.CHART
                continue
            items = list(self._sheet_items(archive, sheet, workbook, limits))
            if not items:
                continue
            if not sheet.is_hidden:
                if not is_first:
                    yield PageBreak()
                is_first = False
                yield Heading(text=sheet.name, level=1)
            yield from items

    def _sheet_items(self, archive: ZipFile, sheet: Sheet, workbook: Workbook, limits: Limits) -> Iterator[Item]:
        found = read_cells(archive, sheet, workbook, limits)
        notes = read_notes(archive, sheet, limits)
        hidden = found.hidden
        self._amiss.update(
            {
                "formulas": found.formulas_without_value,
                "damaged": found.damaged_cells,
                "long": found.cut_cells,
                "cut": found.is_cut,
                "charts": notes.charts,
                "pictures": notes.pictures,
                "sheets": sheet.is_hidden and bool(hidden),
                "cells": 0 if sheet.is_hidden else len(hidden),
            }
        )
        yield from _hidden_words(hidden)
        if sheet.is_hidden:
            yield from (HiddenWords(text=text, place=HidingPlace.INVISIBLE) for text in notes.texts)
            return
        yield from (Paragraph(text=text) for text in found.headers)
        yield from sheet_items(found.shown, frozenset(cell.row for cell in hidden))
        yield from (Paragraph(text=text) for text in notes.texts)


def _hidden_words(cells: list[Cell]) -> Iterator[Item]:
    """What is hidden in one way, as one text: a row a line."""
    for place in HidingPlace:
        lines: dict[int, list[str]] = {}
        for cell in cells:
            if cell.place is place:
                lines.setdefault(cell.row, []).append(cell.text)
        text = "\n".join("\t".join(line) for line in lines.values())
        if text:
            yield HiddenWords(text=text[:_LONGEST_HIDDEN_CHARACTERS], place=place)
