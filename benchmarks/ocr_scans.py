"""Turn typed pages into scans: clean, turned by two degrees, upside down, and as faxes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pymupdf
from PIL import Image, ImageFilter

from assistant.ingestion.ocr.picture import GrayPicture
from benchmarks.ocr_pages import KnownPage

Points = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a page is scanned. `turn_degrees` is counter-clockwise, about the page's middle."""

    dots_per_inch: int
    turn_degrees: float = 0.0
    is_upside_down: bool = False
    # 0: a copier. 1: one pixel of eighty a speck, letters with teeth.
    fax_noise: float = 0.0


MANNERS: Mapping[str, Manner] = {
    "clean": Manner(dots_per_inch=300),
    "two degrees": Manner(dots_per_inch=300, turn_degrees=2.0),
    "upside down": Manner(dots_per_inch=300, is_upside_down=True),
    "fax": Manner(dots_per_inch=200, turn_degrees=0.4, fax_noise=0.2),
    "bad fax": Manner(dots_per_inch=200, turn_degrees=0.4, fax_noise=1.0),
}
_FAX_SPECKS = 0.012
_FAX_BLUR = 0.75
_FAX_GRAIN = 26.0


def scanned(page: KnownPage, manner: Manner, seed: int) -> GrayPicture:
    """The page's picture."""
    with pymupdf.open("pdf", page.pdf) as document:
        sheet = document[0]
        pixels = sheet.get_pixmap(dpi=manner.dots_per_inch, colorspace=pymupdf.csGRAY)
        width, height = sheet.rect.width, sheet.rect.height
    picture = Image.frombytes("L", (pixels.width, pixels.height), pixels.samples)
    turn = manner.turn_degrees + (180 if manner.is_upside_down else 0)
    if turn == 180:
        picture = picture.transpose(Image.Transpose.ROTATE_180)
    elif turn:
        picture = picture.rotate(turn, resample=Image.Resampling.BICUBIC, fillcolor=255)
    noise = np.random.default_rng(seed)
    gray = _faxed(picture, manner.fax_noise, noise) if manner.fax_noise else _copied(picture, noise)
    return GrayPicture(pixels=gray, width=width, height=height)


def displayed(boxes: Points, page_size: tuple[float, float], manner: Manner) -> Points:
    """Where boxes [words, 4] of the typed page stand on the scan: the boxes around the turned ones."""
    width, height = page_size
    turn = np.deg2rad(manner.turn_degrees + (180 if manner.is_upside_down else 0))
    corners = boxes[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 4, 2) - (width / 2, height / 2)
    # Counter-clockwise as seen, with y pointing down.
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    turned = corners @ matrix + (width / 2, height / 2)
    return np.concatenate([turned.min(axis=1), turned.max(axis=1)], axis=1)


def _copied(picture: Image.Image, noise: np.random.Generator) -> npt.NDArray[np.uint8]:
    soft = np.asarray(picture.filter(ImageFilter.GaussianBlur(0.6)), dtype=np.float32)
    gray = 18 + soft * 0.9 + noise.normal(0, 3, soft.shape)
    return np.clip(gray, 0, 255).astype(np.uint8)


def _faxed(picture: Image.Image, strength: float, noise: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Black and white, edges ragged, with specks of both."""
    soft = np.asarray(picture.filter(ImageFilter.GaussianBlur(_FAX_BLUR)), dtype=np.float32)
    ragged = soft + noise.normal(0, strength * _FAX_GRAIN, soft.shape) < 150
    specks = noise.random(soft.shape)
    share = strength * _FAX_SPECKS / 2
    black = (ragged | (specks < share)) & (specks < 1 - share)
    return np.where(black, 0, 255).astype(np.uint8)
