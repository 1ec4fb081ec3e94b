"""Find by how much a scan is turned, and whether its lines run down the page, from the ink alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from assistant.ingestion.ocr.picture import GrayPixels

# Lines of text are still apart at this size, and specks are gone.
_LONGEST_SIDE = 1_100
_MOST_DEGREES = 6.0
_COARSE_DEGREES = 0.5
_FINE_DEGREES = 0.05
_FEWEST_INK = 400
_MOST_INK = 150_000
# Below this, turning blurs more than it straightens; lines then differ by less than a third of their height.
_SMALLEST_DEGREES = 0.25
# Lines down the page must be this much clearer than lines across it.
_SIDEWAYS = 1.35
_INK_CONTRAST = 48

Points = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Skew:
    """`degrees`: how far to turn the picture counter-clockwise. `is_sideways`: the lines run down the page."""

    degrees: float
    is_sideways: bool


def find_skew(pixels: GrayPixels) -> Skew:
    """Try angles: at the right one the ink falls into rows, with empty rows between."""
    x, y, rows, columns = _ink(pixels)
    if x.size < _FEWEST_INK:
        return Skew(degrees=0.0, is_sideways=False)
    across = _best_angle(x, y, rows)
    down = _best_angle(y, x, columns)
    is_sideways = down[1] > _SIDEWAYS * across[1]
    # Swapping the axes mirrors the page, and with it the turn.
    degrees = -down[0] if is_sideways else across[0]
    return Skew(degrees=degrees if abs(degrees) >= _SMALLEST_DEGREES else 0.0, is_sideways=is_sideways)


def _ink(pixels: GrayPixels) -> tuple[Points, Points, int, int]:
    """Columns and rows of the dark spots of a small copy of the picture, and its size."""
    step = max(1, round(max(pixels.shape) / _LONGEST_SIDE))
    rows, columns = pixels.shape[0] // step, pixels.shape[1] // step
    small = pixels[: rows * step, : columns * step].reshape(rows, step, columns, step).mean(axis=(1, 3))
    paper = np.median(small)
    y, x = np.nonzero(small < paper - _INK_CONTRAST)
    if x.size > _MOST_INK:
        kept = np.linspace(0, x.size - 1, _MOST_INK).astype(np.int64)
        x, y = x[kept], y[kept]
    return x.astype(np.float32), y.astype(np.float32), rows, columns


def _best_angle(x: Points, y: Points, rows: int) -> tuple[float, float]:
    """The angle in degrees at which rows are clearest, and how clear they are there."""
    coarse = np.arange(-_MOST_DEGREES, _MOST_DEGREES + 0.01, _COARSE_DEGREES)
    middle = _clearest(x, y, rows, coarse)[0]
    fine = np.arange(middle - _COARSE_DEGREES, middle + _COARSE_DEGREES + 0.01, _FINE_DEGREES)
    return _clearest(x, y, rows, fine)


def _clearest(x: Points, y: Points, rows: int, angles: npt.NDArray[np.float64]) -> tuple[float, float]:
    scores = [_row_contrast(x, y, rows, angle) for angle in angles.tolist()]
    best = int(np.argmax(scores))
    return float(angles[best]), scores[best]


def _row_contrast(x: Points, y: Points, rows: int, degrees: float) -> float:
    """Sum of squared steps of ink from row to row, with lines that fall to the right by `degrees` level."""
    margin = 0.11 * float(x.max())
    level = y - np.float32(np.tan(np.deg2rad(degrees))) * x + margin
    counts = np.bincount(np.maximum(level, 0).astype(np.int64), minlength=rows)
    return float(np.square(np.diff(counts.astype(np.float64))).sum())
