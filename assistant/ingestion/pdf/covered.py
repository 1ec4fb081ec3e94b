"""Find words that were painted over and written anew: the ink at their place is another word's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import numpy as np
import pymupdf

from assistant.ingestion.pdf.paint import Covering, Paint
from assistant.ingestion.pdf.words import Boxes, FoundWords, Marks, displayed

_OPAQUE = 0.99
_LEVEL_WITHIN = 0.1
# Where a word begins in the list of strokes and in the text differs by rounding, in points.
_WITHIN = 1.5


def painted_over(page: pymupdf.Page, words: FoundWords, paint: Paint) -> set[int]:
    """The numbers of the words under an opaque box on which other words stand."""
    coverings = paint.coverings()
    if not coverings:
        return set()
    opaque = _opaque_fills(page)
    coverings = [covering for covering in coverings if covering.cover in opaque]
    if not coverings:
        return set()
    strokes = _Letters.of(page)
    return {number for covering in coverings for number in strokes.only_under(covering, words, paint)}


class _Letters:
    """The letters of a page: what they are, where they stand, and which stroke painted them."""

    def __init__(self, codes: list[str], boxes: Boxes, strokes: list[int]) -> None:
        self._codes = np.array(codes, dtype=np.str_)
        self._boxes = boxes
        self._strokes = np.array(strokes, dtype=np.int_)

    @classmethod
    def of(cls, page: pymupdf.Page) -> _Letters:
        codes, boxes, strokes = [], [], []
        for span in page.get_texttrace():
            for letter in span["chars"]:
                codes.append(chr(letter[0]) if 0 <= letter[0] < 0x110000 else "")
                boxes.append(letter[3])
                strokes.append(span["seqno"])
        return cls(codes, displayed(boxes, page.rotation_matrix), strokes)

    def only_under(self, covering: Covering, words: FoundWords, paint: Paint) -> Iterator[int]:
        """The words inside the cover that were painted before it and not again after."""
        x0, y0, x1, y1 = paint.boxes[covering.cover]
        middles = (words.boxes[:, :2] + words.boxes[:, 2:]) / 2
        inside = ((middles >= (x0, y0)) & (middles <= (x1, y1))).all(axis=1)
        for number in np.flatnonzero(inside).tolist():
            painted = self._strokes_of(words.texts[number], words.boxes[number])
            if covering.letters in painted and max(painted) < covering.cover:
                yield number

    def _strokes_of(self, word: str, box: Boxes) -> set[int]:
        """The strokes with the word's first letter at its one end, and its last at the other; it may run any way."""
        along = 0 if box[2] - box[0] >= box[3] - box[1] else 1
        across = 1 - along
        middle = (self._boxes[:, across] + self._boxes[:, across + 2]) / 2
        level = (box[across] <= middle) & (middle <= box[across + 2])
        low = level & (np.abs(self._boxes[:, along] - box[along]) <= _WITHIN)
        high = level & (np.abs(self._boxes[:, along + 2] - box[along + 2]) <= _WITHIN)
        first, last = self._codes == word[:1], self._codes == word[-1:]
        return self._both(low & first, high & last) | self._both(high & first, low & last)

    def _both(self, one: Marks, other: Marks) -> set[int]:
        return set(self._strokes[one].tolist()) & set(self._strokes[other].tolist())


def _opaque_fills(page: pymupdf.Page) -> set[int]:
    """Filled rectangles that nothing shines through, by their places in the page's order."""
    return {
        path["seqno"]
        for path in page.get_cdrawings()
        if "f" in path["type"] and (path.get("fill_opacity") or 0.0) >= _OPAQUE and all(map(_is_level, path["items"]))
    }


def _is_level(item: tuple[object, ...]) -> bool:
    """Whether a part of a path is a rectangle, or a side of one."""
    if item[0] != "l":
        return item[0] in ("re", "qu")
    (x0, y0), (x1, y1) = cast(tuple[tuple[float, float], tuple[float, float]], item[1:3])
    return min(abs(x1 - x0), abs(y1 - y0)) < _LEVEL_WITHIN
