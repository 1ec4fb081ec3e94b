"""Read PDF with PyMuPDF: the words that a page shows, in reading order."""

from __future__ import annotations

import math

import pymupdf

from assistant.ingestion.drawing import page_png
from assistant.ingestion.layout.page_text import compose
from assistant.ingestion.layout.reading_order import reading_order
from assistant.ingestion.limits import Limits
from assistant.ingestion.ocr.picture import GrayPicture
from assistant.ingestion.ocr.scan_picture import scan_picture
from assistant.ingestion.pdf.forms import broken_warning, fields_of, with_fields
from assistant.ingestion.pdf.layers import HiddenLayers, layer_warning
from assistant.ingestion.pdf.notes import notes_on
from assistant.ingestion.pdf.parcel import parcel_warnings
from assistant.ingestion.pdf.password import opened_pdf
from assistant.ingestion.pdf.sight import look_at
from assistant.ingestion.pdf.words import LARGEST_POINTS, LONGEST_WORD
from assistant.ingestion.problems import refusal
from assistant.ingestion.reader import ReadPage, Source

_UNKNOWN_SIZE = (612.0, 792.0)
# What recognition reads best; most scans have it.


class PdfFile:
    """An open PDF."""

    def __init__(self, source: Source, limits: Limits) -> None:
        self._limits = limits
        self._document = opened_pdf(source)
        if self._document.needs_pass:
            raise refusal("password_protected")
        self._layers = HiddenLayers(self._document)
        self._warnings = parcel_warnings(self._document)

    @property
    def page_count(self) -> int:
        return int(self._document.page_count)

    @property
    def warnings(self) -> tuple[str, ...]:
        if not self._document.is_repaired:
            return self._warnings
        return ("the file is damaged and was repaired; pages may be missing", *self._warnings)

    def read(self, number: int) -> ReadPage:
        page = self._document.load_page(number - 1)
        width, height = _size(page)
        seen = look_at(page, width=width, height=height)
        fields = fields_of(page)
        filled = with_fields(seen.words, seen.lines, fields)
        notes = notes_on(page, filled.words)
        filled = with_fields(filled.words, filled.lines, notes.typed)
        blocks = reading_order(filled.words, filled.lines, seen.paint.rules(page))
        composed = compose(
            [*blocks, *notes.remarks], width=width, height=height, characters=self._limits.page_characters
        )
        off_layers = self._layers.words_of(number, seen.found)
        broken = notes.broken + sum(field.is_broken for field in fields)
        more = (layer_warning(off_layers), broken_warning(broken))
        warnings = [*seen.warnings, *(warning for warning in more if warning is not None)]
        if len(composed.text) >= self._limits.page_characters - LONGEST_WORD:
            warnings.append("more text than a page can have; the rest was left out")
        return ReadPage(
            width=width,
            height=height,
            composed=composed,
            origin=seen.origin,
            warnings=tuple(warnings),
            hidden=seen.hidden + off_layers,
            needs_recognition=seen.needs_recognition,
        )

    def draw(self, number: int, width_pixels: int) -> bytes:
        page = self._document.load_page(number - 1)
        return page_png(page, width_pixels=width_pixels, pixels=self._limits.picture_pixels)

    def scan(self, number: int) -> GrayPicture:
        """Page `number` as displayed, for recognition: no PNG is packed and unpacked again, which takes longer."""
        page = self._document.load_page(number - 1)
        width, height = _size(page)
        return scan_picture(page, width=width, height=height, pixels=self._limits.picture_pixels)

    def close(self) -> None:
        self._document.close()


def _size(page: pymupdf.Page) -> tuple[float, float]:
    width, height = round(page.rect.width, 2), round(page.rect.height, 2)
    if all(math.isfinite(side) and 1 <= side <= LARGEST_POINTS for side in (width, height)):
        return width, height
    return _UNKNOWN_SIZE
