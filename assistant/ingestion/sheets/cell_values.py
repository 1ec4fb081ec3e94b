"""What one cell of a spreadsheet holds, as it is shown; a formula is the value that its program stored."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import NamedTuple

from lxml import etree

from assistant.ingestion.sheets.number_formats import GENERAL, general, shown_number, shown_text
from assistant.ingestion.sheets.workbook import CellStyle, Workbook, rich_text

_NO_VALUE = "[formula without a stored value]"
_DAMAGED = "\ufffd"
_DEFAULT_STYLE = CellStyle()
_TRUE = ("1", "true")


class CellValue(NamedTuple):
    """A cell's text. `is_blank`: the text is what it holds, and its format shows nothing of it."""

    text: str
    is_white: bool = False
    is_blank: bool = False


@dataclass(slots=True, kw_only=True)
class CellValues:
    """Reads the cells of one sheet, and counts those that are not what they should be."""

    workbook: Workbook
    formulas_without_value: int = 0
    damaged: int = 0
    _styles: dict[str | None, CellStyle] = field(default_factory=dict)

    def read(self, element: etree._Element) -> CellValue | None:
        """The value of a cell, None where it holds nothing."""
        raw, is_calculated, inner = "", False, None
        for child in element:
            tag = child.tag
            if tag.endswith("}v"):
                raw = child.text or ""
            elif tag.endswith("}f"):
                is_calculated = True
            elif tag.endswith("}is"):
                inner = child
        kind = element.get("t", "n")
        style = self._style(element.get("s"))
        if inner is not None and kind == "inlineStr":
            return _shown_text(rich_text(inner), style)
        if raw:
            return self._value(raw, kind, style)
        # A formula may give an empty text, but no empty number.
        if is_calculated and kind != "str":
            self.formulas_without_value += 1
            return CellValue(_NO_VALUE)
        return None

    def _value(self, raw: str, kind: str, style: CellStyle) -> CellValue | None:
        match kind:
            case "n":
                return self._number(raw, style)
            case "s":
                return _shown_text(self._shared(raw), style)
            case "str":
                return _shown_text(raw, style)
            case "b":
                return CellValue("TRUE" if raw.strip() in _TRUE else "FALSE", style.is_white)
            case "d":
                return CellValue(raw.removesuffix("T00:00:00"), style.is_white)
            case _:  # an error such as #REF!
                return CellValue(raw, style.is_white)

    def _number(self, raw: str, style: CellStyle) -> CellValue | None:
        try:
            value = float(raw)
        except ValueError:
            return CellValue(raw, style.is_white)
        if not math.isfinite(value):
            return CellValue(raw, style.is_white)
        if style.number_format == GENERAL:
            return CellValue(general(value), style.is_white)
        shown = shown_number(value, style.number_format, self.workbook.epoch)
        return CellValue(shown, style.is_white) if shown else CellValue(general(value), style.is_white, is_blank=True)

    def _shared(self, raw: str) -> str:
        index = int(raw) if raw.isascii() and raw.isdecimal() and len(raw) < 10 else -1
        if 0 <= index < len(self.workbook.texts):
            return self.workbook.texts[index]
        self.damaged += 1
        return _DAMAGED

    def _style(self, index: str | None) -> CellStyle:
        style = self._styles.get(index)
        if style is None:
            number = int(index) if index and index.isascii() and index.isdecimal() and len(index) < 10 else 0
            styles = self.workbook.styles
            style = self._styles[index] = styles[number] if number < len(styles) else _DEFAULT_STYLE
        return style


def _shown_text(text: str, style: CellStyle) -> CellValue | None:
    if not text.strip():
        return None
    if style.number_format == GENERAL:
        return CellValue(text, style.is_white)
    visible = shown_text(text, style.number_format)
    return CellValue(visible, style.is_white) if visible else CellValue(text, style.is_white, is_blank=True)
