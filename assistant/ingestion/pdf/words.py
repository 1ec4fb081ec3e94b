"""The words that a PDF page holds, seen or not, with their boxes on the page as displayed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pymupdf

from assistant.ingestion.layout.page_text import visible_text

# Beyond any sheet: MuPDF gives such numbers for damaged page boxes.
LARGEST_POINTS = 200_000.0
MOST_WORDS = 50_000
LONGEST_WORD = 2_000
# "fi" in one glyph must be found as two letters. Clipped words are asked for too: they are told, not dropped.
_FLAGS = pymupdf.TEXTFLAGS_WORDS & ~pymupdf.TEXT_PRESERVE_LIGATURES & ~pymupdf.TEXT_MEDIABOX_CLIP & ~pymupdf.TEXT_CLIP
# Words outside the page are asked for too.
_EVERYWHERE = (-LARGEST_POINTS, -LARGEST_POINTS, LARGEST_POINTS, LARGEST_POINTS)
# More than a block of MuPDF's ever has.
LINES_A_BLOCK = 1_000_000

Boxes = npt.NDArray[np.float64]
Marks = npt.NDArray[np.bool_]
# x0, y0, x1, y1, text, block, line, word: PyMuPDF's tuple for a word.
_FoundWord = tuple[float, float, float, float, str, int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundWords:
    """The words of a page in MuPDF's order. `boxes`: float64 [words, 4]; `lines` numbers the line each stands in."""

    texts: Sequence[str]
    boxes: Boxes
    lines: Sequence[int]

    def __len__(self) -> int:
        return len(self.texts)


def text_page(page: pymupdf.Page) -> pymupdf.TextPage:
    """MuPDF's reading of the page, everything that stands on it or beside it."""
    return page.get_textpage(clip=_EVERYWHERE, flags=_FLAGS)


def found_words(text: pymupdf.TextPage, turn: pymupdf.Matrix) -> FoundWords:
    """The words that would be there to see. Control codes that fonts use as bullets are dropped."""
    words: list[_FoundWord] = [
        word for word in text.extractWORDS()[:MOST_WORDS] if word[4].isascii() or visible_text(word[4]).strip()
    ]
    return FoundWords(
        texts=[word[4][:LONGEST_WORD] for word in words],
        boxes=displayed([word[:4] for word in words], turn),
        lines=[word[5] * LINES_A_BLOCK + word[6] for word in words],
    )


def displayed(boxes: Sequence[tuple[float, float, float, float]], turn: pymupdf.Matrix) -> Boxes:
    """The boxes on the page as turned for display, float64 [boxes, 4]. MuPDF has applied the crop already."""
    corners = np.array(boxes, dtype=np.float64).reshape(-1, 2, 2)
    turned = corners @ np.array([[turn.a, turn.b], [turn.c, turn.d]]) + np.array([turn.e, turn.f])
    return np.concatenate([turned.min(axis=1), turned.max(axis=1)], axis=1)


def on_page(boxes: Boxes, width: float, height: float) -> Marks:
    """Which of the boxes are on the page, at least in part."""
    x0, y0, x1, y1 = boxes.T
    inside: Marks = (x1 >= 0) & (y1 >= 0) & (x0 <= width) & (y0 <= height)
    return inside & np.isfinite(boxes).all(axis=1)
