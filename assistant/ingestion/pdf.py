"""Read PDF with PyMuPDF: words as displayed, in reading order."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import pymupdf

from assistant.ingestion.drawing import page_png
from assistant.ingestion.limits import Limits
from assistant.ingestion.page_text import PlacedWord, compose, visible_text
from assistant.ingestion.problems import refusal
from assistant.ingestion.reader import ReadPage
from assistant.ingestion.reading_order import MuPdfWord, reading_order

# "fi" in one glyph must be found as two letters.
_FLAGS = pymupdf.TEXTFLAGS_WORDS & ~pymupdf.TEXT_PRESERVE_LIGATURES
_UNKNOWN_SIZE = (612.0, 792.0)
# Beyond any sheet: MuPDF gives such numbers for damaged page boxes.
_LARGEST_POINTS = 200_000.0
_MOST_WORDS = 50_000
_LONGEST_WORD = 2_000


class PdfFile:
    """An open PDF."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self._limits = limits
        self._document = _opened(path)

    @property
    def page_count(self) -> int:
        return int(self._document.page_count)

    @property
    def warnings(self) -> tuple[str, ...]:
        if not self._document.is_repaired:
            return ()
        return ("the file is damaged and was repaired; pages may be missing",)

    def read(self, number: int) -> ReadPage:
        page = self._document.load_page(number - 1)
        width, height = _size(page)
        found = page.get_text("words", flags=_FLAGS)[:_MOST_WORDS]
        words = list(_displayed(found, page.rotation_matrix if page.rotation else None))
        visible = [word for word in words if _is_on_page(word, width, height)]
        warnings = []
        if hidden := len(words) - len(visible):
            warnings.append(f"{hidden} words outside the visible page were left out")
        composed = compose(reading_order(visible), width=width, height=height, characters=self._limits.page_characters)
        if len(found) == _MOST_WORDS or len(composed.text) >= self._limits.page_characters - _LONGEST_WORD:
            warnings.append("more text than a page can have; the rest was left out")
        return ReadPage(width=width, height=height, composed=composed, warnings=tuple(warnings))

    def draw(self, number: int, width_pixels: int) -> bytes:
        page = self._document.load_page(number - 1)
        return page_png(page, width_pixels=width_pixels, pixels=self._limits.picture_pixels)

    def close(self) -> None:
        self._document.close()


def _opened(path: Path) -> pymupdf.Document:
    document = pymupdf.open(path, filetype="pdf")
    # MuPDF looks at the content too, and would open a web page named .pdf.
    if not document.is_pdf:
        raise refusal("not_a_pdf", what="")
    if document.needs_pass:
        raise refusal("password_protected")
    return document


def _size(page: pymupdf.Page) -> tuple[float, float]:
    width, height = round(page.rect.width, 2), round(page.rect.height, 2)
    if all(math.isfinite(side) and 1 <= side <= _LARGEST_POINTS for side in (width, height)):
        return width, height
    return _UNKNOWN_SIZE


def _displayed(
    words: list[tuple[float, float, float, float, str, int, int, int]], turn: pymupdf.Matrix | None
) -> Iterator[MuPdfWord]:
    """The words on the page as turned for display. MuPDF has applied the crop, not the rotation."""
    for x0, y0, x1, y1, text, block, line, _ in words:
        if turn is not None:
            box = pymupdf.Rect(x0, y0, x1, y1) * turn
            x0, y0, x1, y1 = box.x0, box.y0, box.x1, box.y1
        if all(map(math.isfinite, (x0, y0, x1, y1))) and visible_text(text).strip():
            yield MuPdfWord(PlacedWord(x0, y0, x1, y1, text[:_LONGEST_WORD]), block * 100_000 + line)


def _is_on_page(word: MuPdfWord, width: float, height: float) -> bool:
    box = word.placed
    return box.x1 >= 0 and box.y1 >= 0 and box.x0 <= width and box.y0 <= height
