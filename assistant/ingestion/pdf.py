"""Read PDF with PyMuPDF: words as displayed, in reading order."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pymupdf

from assistant.ingestion.drawing import page_png
from assistant.ingestion.limits import Limits
from assistant.ingestion.page_text import PlacedWord, compose, visible_text
from assistant.ingestion.problems import refusal
from assistant.ingestion.reader import ReadPage, Source
from assistant.ingestion.reading_order import reading_order

# Beyond any sheet: MuPDF gives such numbers for damaged page boxes.
_LARGEST_POINTS = 200_000.0
# "fi" in one glyph must be found as two letters.
_FLAGS = pymupdf.TEXTFLAGS_WORDS & ~pymupdf.TEXT_PRESERVE_LIGATURES & ~pymupdf.TEXT_MEDIABOX_CLIP
# Words outside the page are asked for too: they are counted and told, not dropped in silence.
_EVERYWHERE = (-_LARGEST_POINTS, -_LARGEST_POINTS, _LARGEST_POINTS, _LARGEST_POINTS)
_UNKNOWN_SIZE = (612.0, 792.0)
_MOST_WORDS = 50_000
_LONGEST_WORD = 2_000
# More than a block of MuPDF's ever has.
_LINES_A_BLOCK = 1_000_000

Boxes = npt.NDArray[np.float64]


class PdfFile:
    """An open PDF."""

    def __init__(self, source: Source, limits: Limits) -> None:
        self._limits = limits
        self._document = _opened(source)

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
        found = _visible_words(page.get_textpage(clip=_EVERYWHERE, flags=_FLAGS).extractWORDS()[:_MOST_WORDS])
        boxes = _displayed(found, page.rotation_matrix)
        is_visible = _are_on_page(boxes, width, height)
        words: list[PlacedWord] = []
        lines: list[int] = []
        for word, (x0, y0, x1, y1), on_page in zip(found, boxes.tolist(), is_visible.tolist(), strict=True):
            if on_page:
                words.append(PlacedWord(x0, y0, x1, y1, word[4][:_LONGEST_WORD]))
                lines.append(word[5] * _LINES_A_BLOCK + word[6])
        warnings = []
        if hidden := len(found) - len(words):
            warnings.append(f"{hidden} words outside the visible page were left out")
        composed = compose(
            reading_order(words, lines), width=width, height=height, characters=self._limits.page_characters
        )
        if len(found) >= _MOST_WORDS or len(composed.text) >= self._limits.page_characters - _LONGEST_WORD:
            warnings.append("more text than a page can have; the rest was left out")
        return ReadPage(width=width, height=height, composed=composed, warnings=tuple(warnings))

    def draw(self, number: int, width_pixels: int) -> bytes:
        page = self._document.load_page(number - 1)
        return page_png(page, width_pixels=width_pixels, pixels=self._limits.picture_pixels)

    def close(self) -> None:
        self._document.close()


def _opened(source: Source) -> pymupdf.Document:
    document = (
        pymupdf.open(source.path, filetype="pdf")
        if source.data is None
        else pymupdf.open(stream=source.data, filetype="pdf")
    )
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


# x0, y0, x1, y1, text, block, line, word: PyMuPDF's tuple for a word.
_FoundWord = tuple[float, float, float, float, str, int, int, int]


def _visible_words(found: list[_FoundWord]) -> list[_FoundWord]:
    """The words that anybody can see: control codes that fonts use as bullets are dropped."""
    return [word for word in found if word[4].isascii() or visible_text(word[4]).strip()]


def _displayed(words: list[_FoundWord], turn: pymupdf.Matrix) -> Boxes:
    """The words' boxes on the page as turned for display, float64 [words, 4]. MuPDF has applied the crop already."""
    corners = np.array([word[:4] for word in words], dtype=np.float64).reshape(-1, 2, 2)
    turned = corners @ np.array([[turn.a, turn.b], [turn.c, turn.d]]) + np.array([turn.e, turn.f])
    return np.concatenate([turned.min(axis=1), turned.max(axis=1)], axis=1)


def _are_on_page(boxes: Boxes, width: float, height: float) -> npt.NDArray[np.bool_]:
    x0, y0, x1, y1 = boxes.T
    on_page: npt.NDArray[np.bool_] = (x1 >= 0) & (y1 >= 0) & (x0 <= width) & (y0 <= height)
    return on_page & np.isfinite(boxes).all(axis=1)
