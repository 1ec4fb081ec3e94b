"""Set a scan upright at a resolution that suits recognition, and find the way back to the page as displayed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from assistant.ingestion.ocr.picture import GrayPicture, GrayPixels

# Between these a scan is taken as it is: sharper ones cost time for nothing, coarser ones lose small print.
_COARSEST_DPI = 250.0
_FINEST_DPI = 330.0
_GOOD_DPI = 300.0
# Larger than this, pixels only become blots.
_MOST_ENLARGED = 3.0
_MOST_PIXELS = 16_000_000

Boxes = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class UprightPicture:
    """A page turned counter-clockwise by `turn_degrees`; pixels are square. `width`, `height`: the displayed page's."""

    pixels: GrayPixels
    dots_per_inch: float
    turn_degrees: float
    width: float
    height: float

    def on_page(self, boxes: Boxes) -> Boxes:
        """Boxes in pixels of this picture, float64 [words, 4], as the boxes around them on the page, in points."""
        rows, columns = self.pixels.shape
        points = 72.0 / self.dots_per_inch
        corners = boxes[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 4, 2) - (columns / 2, rows / 2)
        turn = np.deg2rad(self.turn_degrees)
        back = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
        placed = corners @ back * points + (self.width / 2, self.height / 2)
        return np.concatenate([placed.min(axis=1), placed.max(axis=1)], axis=1)

    def from_page(self, boxes: Boxes) -> Boxes:
        """The inverse: boxes on the page, in points, as the boxes around them in pixels of this picture."""
        rows, columns = self.pixels.shape
        corners = boxes[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 4, 2) - (self.width / 2, self.height / 2)
        turn = np.deg2rad(self.turn_degrees)
        there = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        placed = corners @ there * (self.dots_per_inch / 72.0) + (columns / 2, rows / 2)
        return np.concatenate([placed.min(axis=1), placed.max(axis=1)], axis=1)

    def turned(self, degrees: float) -> UprightPicture:
        """The picture turned further, counter-clockwise; what its corners uncover is paper."""
        quarters, rest = divmod(round(degrees * 100), 9_000)
        if rest > 4_500:
            quarters, rest = quarters + 1, rest - 9_000
        pixels = np.rot90(self.pixels, quarters % 4)
        if rest:
            picture = Image.fromarray(np.ascontiguousarray(pixels))
            paper = int(np.percentile(pixels[::8, ::8], 75))
            pixels = np.asarray(picture.rotate(rest / 100, Image.Resampling.BICUBIC, expand=True, fillcolor=paper))
        return UprightPicture(
            pixels=pixels,
            dots_per_inch=self.dots_per_inch,
            turn_degrees=self.turn_degrees + degrees,
            width=self.width,
            height=self.height,
        )


def fitted(picture: GrayPicture) -> UprightPicture:
    """The picture with square pixels, enlarged if it is coarse and reduced if it is finer than needed."""
    rows, columns = picture.pixels.shape
    own = max(rows / picture.height, columns / picture.width) * 72.0
    wanted = own if _COARSEST_DPI <= own <= _FINEST_DPI else min(_GOOD_DPI, own * _MOST_ENLARGED)
    largest = (_MOST_PIXELS / (picture.width * picture.height)) ** 0.5 * 72.0
    dots_per_inch = min(wanted, largest)
    size = (
        max(round(picture.width * dots_per_inch / 72.0), 1),
        max(round(picture.height * dots_per_inch / 72.0), 1),
    )
    pixels = picture.pixels
    if abs(size[0] - columns) > 2 or abs(size[1] - rows) > 2:
        way = Image.Resampling.BICUBIC if size[1] > rows else Image.Resampling.BOX
        pixels = np.asarray(Image.fromarray(np.ascontiguousarray(pixels)).resize(size, way))
    return UprightPicture(
        pixels=pixels, dots_per_inch=dots_per_inch, turn_degrees=0.0, width=picture.width, height=picture.height
    )
