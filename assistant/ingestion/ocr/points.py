"""See the points and dashes between the digits of a number in the ink itself: at times Tesseract loses them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import numpy.typing as npt

from assistant.ingestion.ocr.picture import GrayPixels

# All in heights of a digit. A point stands low, a dash in the middle, and neither is as high as a digit.
_TALL = 0.7
_LOWEST_TOP_OF_A_POINT = 0.7
_DASH = (0.35, 0.8)
_WIDEST_POINT = 0.3
_WIDEST_DASH = 0.6
_NARROWEST = 0.07
# Ink that takes less of its own box is a chain of specks.
_FILLED = 0.45
_FEWEST_PIXELS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stretch:
    """Columns with ink between columns without, and the rows that the ink takes."""

    left: int
    right: int
    top: int
    bottom: int


def with_points(text: str, crop: GrayPixels) -> str:
    """`text` with the points and dashes that stand between its digits in the picture of the word alone.

    Nothing is added unless every digit stands apart from its neighbours, so that it is plain where they belong.
    """
    if not all(character.isdigit() or character in ".,-" for character in text) or sum(map(str.isdigit, text)) < 2:
        return text
    pieces = "".join(_pieces(crop))
    digits = [character for character in text if character.isdigit()]
    if pieces.count("0") != len(digits):
        return text
    seen = pieces.strip(".-")
    said = "".join("0" if character.isdigit() else character for character in text).replace(",", ".").strip(".-")
    if len(seen) <= len(said) or seen.replace(".", "").replace("-", "") != said.replace(".", "").replace("-", ""):
        return text
    if not _keeps(said, seen) or _is_doubled(seen):
        return text
    rest = iter(digits)
    return "".join(next(rest) if piece == "0" else piece for piece in seen)


def _pieces(crop: GrayPixels) -> Iterator[str]:
    """For each stretch of ink from left to right: 0 for a digit, a point, a dash; anything else is a question mark."""
    paper, ink = float(np.percentile(crop, 90)), float(crop.min())
    dark = crop < (paper + ink) / 2
    stretches = list(_stretches(dark))
    if not stretches:
        return
    top, bottom = min(s.top for s in stretches), max(s.bottom for s in stretches)
    height = bottom - top
    if height < _FEWEST_PIXELS:
        return
    for stretch in stretches:
        high, low = (stretch.top - top) / height, (stretch.bottom - top) / height
        width = (stretch.right - stretch.left) / height
        if low - high >= _TALL:
            yield "0"
        elif width < _NARROWEST or _share(dark, stretch) < _FILLED:
            continue
        elif high >= _LOWEST_TOP_OF_A_POINT and width <= _WIDEST_POINT:
            yield "."
        elif _DASH[0] <= high and low <= _DASH[1] and width <= _WIDEST_DASH:
            yield "-"
        else:
            yield "?"


def _stretches(dark: npt.NDArray[np.bool_]) -> Iterator[_Stretch]:
    left = 0
    inked = np.asarray(dark.any(axis=0)).tolist()
    for has_ink, columns in groupby(inked):
        right = left + len(list(columns))
        if has_ink:
            rows = np.flatnonzero(dark[:, left:right].any(axis=1))
            yield _Stretch(left=left, right=right, top=int(rows[0]), bottom=int(rows[-1]) + 1)
        left = right


def _share(dark: npt.NDArray[np.bool_], stretch: _Stretch) -> float:
    return float(dark[stretch.top : stretch.bottom, stretch.left : stretch.right].mean())


def _keeps(said: str, seen: str) -> bool:
    """Whether what is seen has every separator that was said, in its place."""
    position = 0
    for piece in said:
        while position < len(seen) and seen[position] != piece:
            if seen[position] == "0":
                return False
            position += 1
        if position == len(seen):
            return False
        position += 1
    return True


def _is_doubled(seen: str) -> bool:
    return any(pair in seen for pair in ("..", "--", ".-", "-."))
