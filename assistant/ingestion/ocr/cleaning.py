"""Take the noise off a scan before it is recognized: specks of a fax, grain, the shadow of a lid."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from assistant.ingestion.ocr.picture import GrayPicture, GrayPixels

_BLACK, _WHITE = 24, 231
_TWO_SHADES = 0.985
# A black spot with fewer black neighbours among eight is a speck; so is a white one in black.
_FEWEST_NEIGHBOURS = 2
# Pixels. Tesseract's network was trained on soft edges: at a fax's ragged ones it sees letters that are not there.
_BLUR = 1.0
_FULLY_BLURRED_DPI = 190.0
# Strokes are a single pixel wide there.
_COARSE_DPI = 110.0
# A word that is looked at alone is enlarged first: what is soft already loses its decimal point.
_SHARP_BLUR = 0.4
_TILE = 48
_UNEVEN_PAPER = 40
_WHITENED = 238


def cleaned(picture: GrayPicture) -> GrayPicture:
    """The picture with specks gone, paper even and edges as soft as suits a whole page."""
    return _blurred(picture, _blur(picture.dots_per_inch))


def sharply_cleaned(picture: GrayPicture) -> GrayPicture:
    """The same with edges as sharp as suits a look at a single word."""
    return _blurred(picture, min(_SHARP_BLUR, _blur(picture.dots_per_inch)))


def _blur(dots_per_inch: float) -> float:
    return 0.0 if dots_per_inch < _COARSE_DPI else min(_BLUR, _BLUR * dots_per_inch / _FULLY_BLURRED_DPI)


def _blurred(picture: GrayPicture, radius: float) -> GrayPicture:
    clean = _without_noise(picture.pixels)
    return replace(picture, pixels=np.asarray(_image(clean).filter(ImageFilter.GaussianBlur(radius))))


def _without_noise(pixels: GrayPixels) -> GrayPixels:
    return _without_specks(pixels) if _has_two_shades(pixels) else _on_even_paper(pixels)


def _has_two_shades(pixels: GrayPixels) -> bool:
    sample = pixels[::5, ::5]
    return bool(((sample < _BLACK) | (sample > _WHITE)).mean() >= _TWO_SHADES) and bool((sample < _BLACK).any())


def _without_specks(pixels: GrayPixels) -> GrayPixels:
    """Drop black pixels that stand (almost) alone, and fill white ones that do."""
    black = np.pad(pixels < 128, 1).view(np.uint8)
    rows = black[:-2] + black[1:-1] + black[2:]
    around = rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]
    middle = black[1:-1, 1:-1].astype(bool)
    stays = middle & (around - middle.view(np.uint8) >= _FEWEST_NEIGHBOURS)
    filled = ~middle & (around >= 9 - _FEWEST_NEIGHBOURS)
    return np.where(stays | filled, np.uint8(0), np.uint8(255))


def _on_even_paper(pixels: GrayPixels) -> GrayPixels:
    """Divide by the brightness of the paper nearby, where it is uneven: a shadow hides the letters in it."""
    paper = _paper(pixels)
    if paper is None:
        return pixels
    rows, columns = pixels.shape
    smooth = _image(paper).filter(ImageFilter.GaussianBlur(1.5)).resize((columns, rows), Image.Resampling.BILINEAR)
    even = pixels.astype(np.float32) * (_WHITENED / np.maximum(np.asarray(smooth, dtype=np.float32), 1.0))
    return np.minimum(even, 255.0).astype(np.uint8)


def _paper(pixels: GrayPixels) -> GrayPixels | None:
    """The brightness of the paper, a value a tile; None where it is even, or where the page is a dark photograph."""
    rows, columns = pixels.shape[0] // _TILE, pixels.shape[1] // _TILE
    if rows < 4 or columns < 4:
        return None
    sample = pixels[: rows * _TILE, : columns * _TILE].reshape(rows, _TILE, columns, _TILE)[:, ::4, :, ::4]
    paper: npt.NDArray[np.uint8] = np.percentile(sample, 85, axis=(1, 3)).astype(np.uint8)
    low, high = np.percentile(paper, (4, 96))
    return paper if high - low > _UNEVEN_PAPER and low > _UNEVEN_PAPER else None


def _image(pixels: GrayPixels) -> Image.Image:
    return Image.fromarray(np.ascontiguousarray(pixels))
