"""What a PDF page paints, in order: letters, invisible letters, paths, shadings, pictures, and where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pymupdf

from assistant.ingestion.layout.rules import THICKEST_RULE, Rules
from assistant.ingestion.pdf.words import Boxes, Marks, displayed

# MuPDF's names for what a page does.
_LETTERS = ("fill-text", "stroke-text")
_UNPAINTED_LETTERS = "ignore-text"
_PICTURES = ("fill-image", "fill-imgmask")
_COVER = "fill-path"
# A fill thinner than this is a rule and covers no word, in points.
_THINNEST_COVER = 4.0
_MOST_COVERINGS = 500
_MOST_COVERS = 2_000
_MOST_PATHS = 3_000
_LEVEL_POINTS = 0.5
_LOWEST_CELL_POINTS = 15.0
_WIDEST_MARK = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Covering:
    """Letters and the fill painted over them, by their places in the order."""

    letters: int
    cover: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Paint:
    """The strokes of a page in order: MuPDF's name of each, and its box as displayed, float64 [strokes, 4]."""

    kinds: Sequence[str]
    boxes: Boxes

    @classmethod
    def of(cls, page: pymupdf.Page) -> Paint:
        """What the page does; interprets its content, draws nothing."""
        log = page.get_bboxlog()
        return cls(
            kinds=[entry[0] for entry in log], boxes=displayed([entry[1] for entry in log], page.rotation_matrix)
        )

    @property
    def has_more_than_letters(self) -> bool:
        """Whether it paints anything but letters."""
        return any(kind not in _LETTERS and kind != _UNPAINTED_LETTERS for kind in self.kinds)

    @property
    def has_unpainted_letters(self) -> bool:
        """Whether it has letters in render mode 3, as the text layer of a scan has."""
        return _UNPAINTED_LETTERS in self.kinds

    @property
    def pictures(self) -> list[tuple[float, float, float, float]]:
        """The boxes of its pictures."""
        return [tuple(self.boxes[i].tolist()) for i, kind in enumerate(self.kinds) if kind in _PICTURES]

    def rules(self, page: pymupdf.Page) -> Rules:
        """The ruled lines of the page, those inside of paths too; none where it is a drawing of thousands of paths."""
        paths = sum(kind.endswith("-path") for kind in self.kinds)
        if not 0 < paths <= _MOST_PATHS:
            return Rules()
        boxes = [
            box
            for path in page.get_cdrawings()
            for item in path["items"]
            if (box := _straight(item)) is not None and not (path["type"] == "f" and _is_behind_words(box))
        ]
        return Rules.of(map(tuple, displayed(boxes, page.rotation_matrix).tolist()))

    def coverings(self) -> list[Covering]:
        """Letters with a fill over them and other letters on top of that; most pages have none."""
        sides = self.boxes[:, 2:] - self.boxes[:, :2]
        is_cover = self._are((_COVER,)) & (sides >= _THINNEST_COVER).all(axis=1)
        is_text = self._are(_LETTERS)
        found: list[Covering] = []
        for cover in np.flatnonzero(is_cover)[:_MOST_COVERS].tolist():
            letters = np.flatnonzero(is_text)
            letters = letters[self._overlap(letters, cover)]
            above = letters[letters > cover]
            if len(above):
                found += [Covering(letters=int(text), cover=cover) for text in letters[letters < cover]]
            if len(found) > _MOST_COVERINGS:
                break
        return found

    def _overlap(self, strokes: npt.NDArray[np.intp], other: int) -> Marks:
        low = np.maximum(self.boxes[strokes, :2], self.boxes[other, :2])
        high = np.minimum(self.boxes[strokes, 2:], self.boxes[other, 2:])
        return np.asarray((high - low >= _THINNEST_COVER / 2).all(axis=1))

    def _are(self, kinds: tuple[str, ...]) -> Marks:
        return np.array([kind in kinds for kind in self.kinds], dtype=np.bool_)


def _is_behind_words(box: tuple[float, float, float, float]) -> bool:
    """Whether a filled box is the colour behind some words of a line, rather than a cell or a rule."""
    return THICKEST_RULE < box[3] - box[1] < _LOWEST_CELL_POINTS and THICKEST_RULE < box[2] - box[0] < _WIDEST_MARK


def _straight(item: tuple[Any, ...]) -> tuple[float, float, float, float] | None:
    """The box of a rectangle, or of a line that is level or upright."""
    if item[0] == "re":
        return tuple(item[1])
    if item[0] == "l":
        (x0, y0), (x1, y1) = item[1:3]
        if min(abs(x1 - x0), abs(y1 - y0)) < _LEVEL_POINTS:
            return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)
    return None
