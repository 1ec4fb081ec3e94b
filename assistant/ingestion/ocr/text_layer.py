"""Judge a page's text layer: are its words the words that the page shows?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from assistant.ingestion.layout.page_text import PlacedWord
from assistant.ingestion.ocr.picture import GrayPicture
from assistant.ingestion.ocr.word_shapes import sense_of

Rectangle = tuple[float, float, float, float]

# English, French, German and Polish pages are above .8, pages of glyph codes below .5 (benchmarks/ocr.py).
_SENSIBLE_SHARE = 0.65
# A page of numbers has too few letters to be judged by them.
_FEWEST_LETTERS = 25
# A picture smaller than this is a logo or a signature.
_PICTURE_SHARE = 0.12
_WHOLE_PAGE = 0.7
# Shades of gray between the ink and the paper of a word, at a resolution where thin strokes are pale.
_CONTRAST = 40
_FITTING_BOXES = 0.7
# The words' boxes take in most of what a picture shows, or there is more to be read in it.
_INK_IN_BOXES = 0.6
_FEWEST_INK = 0.002
# A scan has light paper; what is dark all over is a photograph.
_LIGHT_PAPER = 140

Mask = npt.NDArray[np.bool_]


class TextLayer(StrEnum):
    """What to do with the words that a file gives for a page."""

    # They are what the page shows (or it shows nothing): no recognition.
    GOOD = "good"
    # They are right, but a picture shows more: recognize it, and keep them where they stand.
    PARTIAL = "partial"
    # They are not what the page shows: recognize the page, and drop them.
    BAD = "bad"


def judge_text_layer(
    words: Sequence[PlacedWord],
    *,
    pictures: Sequence[Rectangle],
    is_drawn_on: bool,
    width: float,
    height: float,
    draw: Callable[[], GrayPicture],
) -> TextLayer:
    """Judge the words of a page of `width` by `height` points, all boxes on the page as displayed.

    `words`: what the layer says of the visible page. The invisible words of a scanner's own recognition (render mode 3
    over a picture) belong here; words hidden in any other way do not.
    `pictures`: the boxes of images, MuPDF's "fill-image" and "fill-imgmask" in `page.get_bboxlog()`.
    `is_drawn_on`: whether the page shows anything, words aside (an image, a path, a shading, glyphs without text).
    `draw`: gives the page at about 72 dots per inch; called only where a picture covers much of a page with words.
    """
    if not words:
        return TextLayer.PARTIAL if is_drawn_on else TextLayer.GOOD
    if not is_sensible([word.text for word in words]):
        return TextLayer.BAD
    large = [box for box in pictures if _share(box, width, height) >= _PICTURE_SHARE]
    if not large:
        return TextLayer.GOOD
    return _judge_against(draw(), words, large)


def text_layer_is_bad(
    words: Sequence[PlacedWord],
    *,
    pictures: Sequence[Rectangle],
    is_drawn_on: bool,
    width: float,
    height: float,
    draw: Callable[[], GrayPicture],
) -> bool:
    """Whether the page is to be recognized, wholly or for what its pictures show. See `judge_text_layer`."""
    verdict = judge_text_layer(words, pictures=pictures, is_drawn_on=is_drawn_on, width=width, height=height, draw=draw)
    return verdict is not TextLayer.GOOD


def is_sensible(words: Sequence[str]) -> bool:
    """Whether the words could be text of a language, rather than a font's glyph numbers or a wrong encoding."""
    sense = sense_of(words)
    return sense.letters < _FEWEST_LETTERS or sense.share >= _SENSIBLE_SHARE


def _judge_against(picture: GrayPicture, words: Sequence[PlacedWord], pictures: Sequence[Rectangle]) -> TextLayer:
    pixels = picture.pixels
    boxes = [_in_pixels(word[:4], picture) for word in words]
    over = [box for box in boxes if _is_inside(box, [_in_pixels(other, picture) for other in pictures])]
    if over and sum(_has_contrast(pixels, box) for box in over) < _FITTING_BOXES * len(over):
        return TextLayer.BAD
    shown = _mask(pixels.shape, [_in_pixels(box, picture) for box in pictures])
    if not shown.any() or float(np.median(pixels[shown])) < _LIGHT_PAPER:
        return TextLayer.GOOD
    ink = shown & (pixels < np.percentile(pixels[shown], 90) - _CONTRAST)
    covered = _mask(pixels.shape, boxes)
    total = int(ink.sum())
    if total < _FEWEST_INK * int(shown.sum()):
        return TextLayer.GOOD
    return TextLayer.GOOD if int((ink & covered).sum()) >= _INK_IN_BOXES * total else TextLayer.PARTIAL


def _share(box: Rectangle, width: float, height: float) -> float:
    across = min(box[2], width) - max(box[0], 0.0)
    down = min(box[3], height) - max(box[1], 0.0)
    return max(across, 0.0) * max(down, 0.0) / max(width * height, 1.0)


def _in_pixels(box: Sequence[float], picture: GrayPicture) -> tuple[int, int, int, int]:
    rows, columns = picture.pixels.shape
    across, down = columns / max(picture.width, 1.0), rows / max(picture.height, 1.0)
    x0, x1 = (int(np.clip(x * across, 0, columns)) for x in (box[0], box[2]))
    y0, y1 = (int(np.clip(y * down, 0, rows)) for y in (box[1], box[3]))
    return x0, y0, max(x1, x0 + 1), max(y1, y0 + 1)


def _is_inside(box: tuple[int, int, int, int], others: Sequence[tuple[int, int, int, int]]) -> bool:
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return any(other[0] <= x <= other[2] and other[1] <= y <= other[3] for other in others)


def _has_contrast(pixels: npt.NDArray[np.uint8], box: tuple[int, int, int, int]) -> bool:
    part = pixels[box[1] : box[3], box[0] : box[2]]
    return part.size > 0 and int(part.max()) - int(part.min()) >= _CONTRAST


def _mask(shape: tuple[int, ...], boxes: Sequence[tuple[int, int, int, int]]) -> Mask:
    mask = np.zeros(shape, dtype=np.bool_)
    for x0, y0, x1, y1 in boxes:
        mask[y0:y1, x0:x1] = True
    return mask
