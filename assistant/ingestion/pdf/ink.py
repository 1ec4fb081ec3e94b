"""What the letters of a page add to its picture: nothing, where nobody can see them.

The page is drawn twice, with its letters and without. Whatever hides a word (its colour, an opacity, a clip, a fill or
a picture over it), taking the word away then changes no pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pymupdf

from assistant.ingestion.ocr.picture import GrayPicture
from assistant.ingestion.pdf.mupdf_errors import BROKEN_PART
from assistant.ingestion.pdf.paint import Paint
from assistant.ingestion.pdf.words import Boxes, Marks

mupdf = pymupdf.mupdf

# Most words show at the first look; only those that do not are looked at again.
_FIRST_LOOK_DPI = 50
_SECOND_LOOK_DPI = 144
_POINTS_PER_INCH = 72
# Shades of 255 between a word and what is behind it. The second look sees thin strokes and colours of equal gray;
# what is fainter than 24 shades there (#e8e8e8 on white) nobody reads.
_FIRST_LOOK_SHADES = 40
_SECOND_LOOK_SHADES = 24
_MARK_SHADES = 30
_MOST_PIXELS = 16_000_000
_EVERYWHERE_POINTS = 1e7
# A scan at 600 dpi has 35 million pixels; what has more than this may take longer to draw than a page may take.
_MOST_PICTURE_PIXELS = 120_000_000
_MOST_STROKES = 60_000

Gray = npt.NDArray[np.uint8]


def letter_ink(page: pymupdf.Page, paint: Paint, *, width: float, height: float) -> LetterInk | None:
    """The pictures of a page; None where it is too much to draw, or MuPDF cannot draw it."""
    if len(paint.kinds) > _MOST_STROKES:
        return None
    if sum(max(image[2], 0) * max(image[3], 0) for image in page.get_images(full=True)) > _MOST_PICTURE_PIXELS:
        return None
    ink = LetterInk(page=page, width=width, height=height, is_bare=not paint.has_more_than_letters)
    try:
        ink.draw()
    except BROKEN_PART:
        return None
    return ink


@dataclass(kw_only=True)
class LetterInk:
    """The pictures of one page with and without its letters. `is_bare`: without them it is white paper."""

    page: pymupdf.Page
    width: float
    height: float
    is_bare: bool

    def draw(self) -> None:
        """Draw what every page is judged by. Raises MuPDF's errors."""
        assert self._first_look.ndim == 2

    @property
    def shows_anything(self) -> bool:
        """Whether the page is more than blank: where not even one word is drawn, MuPDF may have failed to."""
        return bool(self._first_look.any()) or int(np.ptp(self.background.pixels)) >= _MARK_SHADES

    def are_seen(self, boxes: Boxes) -> Marks:
        """Which of the boxes have ink of letters in them."""
        seen = _any_inside(self._first_look, boxes * self._scale(_FIRST_LOOK_DPI))
        unseen = np.flatnonzero(~seen)
        if len(unseen):
            seen[unseen] = _any_inside(self._second_look, boxes[unseen] * self._scale(_SECOND_LOOK_DPI))
        return seen

    def has_stray_ink(self, boxes: Boxes, others: Boxes) -> Marks:
        """Which of the boxes have ink of letters around them that is in none of the `others`: boxes that do not fit."""
        scale = self._scale(_SECOND_LOOK_DPI)
        stray = self._second_look.copy()
        for x0, y0, x1, y1 in (others * scale).round().astype(int):
            stray[max(y0 - 2, 0) : max(y1 + 2, 0), max(x0 - 2, 0) : max(x1 + 2, 0)] = False
        reach = np.minimum(boxes[:, 3] - boxes[:, 1], boxes[:, 2] - boxes[:, 0])[:, None]
        around = boxes + reach * np.array([-1.0, -1.0, 1.0, 1.0])
        return _any_inside(stray, around * scale)

    @cached_property
    def background(self) -> GrayPicture:
        """The page without its letters."""
        return GrayPicture(pixels=self._without(_FIRST_LOOK_DPI)[..., 0], width=self.width, height=self.height)

    def paper_has_marks(self, boxes: Boxes) -> list[bool]:
        """Which of the boxes show something without the letters: a picture of words."""
        gray = self._colours_without.mean(axis=2)
        return [_contrast(gray, box) >= _MARK_SHADES for box in (boxes * self._scale(_SECOND_LOOK_DPI)).round()]

    def paper(self, box: npt.NDArray[np.float64]) -> tuple[int, int, int]:
        """The colour behind a box: red, green, blue."""
        x0, y0, x1, y1 = (box * self._scale(_SECOND_LOOK_DPI)).round().astype(int)
        part = self._colours_without[max(y0, 0) : max(y1, y0 + 1, 1), max(x0, 0) : max(x1, x0 + 1, 1)].reshape(-1, 3)
        red, green, blue = (int(v) for v in np.median(part, axis=0)) if len(part) else (255, 255, 255)
        return red, green, blue

    @cached_property
    def _first_look(self) -> Marks:
        whole = _drawn(self.page, self._scale(_FIRST_LOOK_DPI), mupdf.fz_device_gray(), with_letters=True)[..., 0]
        without = self.background.pixels
        return np.asarray(_difference(whole, without) >= _FIRST_LOOK_SHADES)

    @cached_property
    def _second_look(self) -> Marks:
        whole = _drawn(self.page, self._scale(_SECOND_LOOK_DPI), mupdf.fz_device_rgb(), with_letters=True)
        return np.asarray(_difference(whole, self._colours_without).max(axis=2) >= _SECOND_LOOK_SHADES)

    @cached_property
    def _colours_without(self) -> Gray:
        return _drawn(self.page, self._scale(_SECOND_LOOK_DPI), mupdf.fz_device_rgb(), with_letters=False)

    def _without(self, dpi: int) -> Gray:
        scale = self._scale(dpi)
        if self.is_bare:
            return np.full((round(self.height * scale) or 1, round(self.width * scale) or 1, 1), 255, dtype=np.uint8)
        return _drawn(self.page, scale, mupdf.fz_device_gray(), with_letters=False)

    def _scale(self, dpi: int) -> float:
        fitting = (_MOST_PIXELS / max(self.width * self.height, 1.0)) ** 0.5
        return float(min(dpi / _POINTS_PER_INCH, fitting))


def gray_picture(
    page: pymupdf.Page, *, width: float, height: float, dpi: float, pixels: int = _MOST_PIXELS
) -> GrayPicture:
    """The displayed page as a gray picture of at most so many pixels."""
    fitting = (pixels / max(width * height, 1.0)) ** 0.5
    scale = float(min(dpi / _POINTS_PER_INCH, fitting))
    drawn = _drawn(page, scale, mupdf.fz_device_gray(), with_letters=True)[..., 0]
    return GrayPicture(pixels=drawn, width=width, height=height)


def _drawn(page: pymupdf.Page, scale: float, colours: object, *, with_letters: bool) -> Gray:
    """The displayed page, uint8 [rows, columns, colours]."""
    turn = mupdf.FzMatrix(scale, 0, 0, scale, 0, 0)
    inner = page.this if isinstance(page.this, mupdf.FzPage) else page.this.super()
    if with_letters:
        drawn = mupdf.fz_new_pixmap_from_page(inner, turn, colours, 0)
    else:
        everywhere = mupdf.vector_fz_rect()
        rectangle = mupdf.fz_rect()
        rectangle.x0 = rectangle.y0 = -_EVERYWHERE_POINTS
        rectangle.x1 = rectangle.y1 = _EVERYWHERE_POINTS
        everywhere.push_back(rectangle)
        drawn = mupdf.fz_new_pixmap_from_page_culling_text2(inner, turn, colours, 0, everywhere)
    pixels = pymupdf.Pixmap("raw", drawn)
    return np.frombuffer(pixels.samples, dtype=np.uint8).reshape(pixels.h, pixels.w, pixels.n)


def _contrast(gray: npt.NDArray[np.float64], box: npt.NDArray[np.float64]) -> float:
    x0, y0, x1, y1 = box.astype(int)
    part = gray[max(y0, 0) : max(y1, y0 + 1, 1), max(x0, 0) : max(x1, x0 + 1, 1)]
    return float(part.max() - part.min()) if part.size else 0.0


def _difference(one: Gray, other: Gray) -> Gray:
    """How far the two are apart, pixel by pixel, over what both have."""
    rows, columns = min(one.shape[0], other.shape[0]), min(one.shape[1], other.shape[1])
    one, other = one[:rows, :columns], other[:rows, :columns]
    return np.asarray(np.maximum(one, other) - np.minimum(one, other))


def _any_inside(marks: Marks, boxes: Boxes) -> Marks:
    """Which of the boxes, in pixels, hold a marked one."""
    rows, columns = marks.shape
    # Summed along the rows only: a word is a few pixels high, and sums down the page would cost four times as much.
    sums = np.zeros((rows, columns + 1), dtype=np.int32)
    np.cumsum(marks, axis=1, out=sums[:, 1:])
    x0, y0 = (np.clip(np.rint(boxes[:, i]).astype(np.int64), 0, side - 1) for i, side in ((0, columns), (1, rows)))
    x1 = np.clip(np.rint(boxes[:, 2]).astype(np.int64), x0 + 1, columns)
    y1 = np.clip(np.rint(boxes[:, 3]).astype(np.int64), y0 + 1, rows)
    found = np.zeros(len(boxes), dtype=np.bool_)
    for down in range(int((y1 - y0).max(initial=0))):
        row = np.minimum(y0 + down, y1 - 1)
        found |= sums[row, x1] > sums[row, x0]
    return found
