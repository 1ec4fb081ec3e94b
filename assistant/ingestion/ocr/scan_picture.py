"""The picture of a PDF's page for recognition: a fax's own black and white pixels, else the page at its own scale.

Drawn at any other size than its own, a fax turns gray, and its specks can no longer be told from its letters.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pymupdf
from PIL import Image

from assistant.ingestion.ocr.picture import GrayPicture, GrayPixels
from assistant.ingestion.pdf.ink import gray_picture

_POINTS_PER_INCH = 72.0
_USUAL_DPI = 300.0
# Outside these a page is drawn at the usual resolution: finer only costs time, coarser is no scan of a page.
_COARSEST_DPI, _FINEST_DPI = 60.0, 330.0
_FILLS = 0.7
# A fax is all of its page. Points at each edge.
_MARGIN_POINTS = 3.0
_FAX_PIXELS = 60_000_000
# Shades between a tile of the fax's own pixels and of a small drawing of the page: more, and something lies over them.
_SAME_SHADES = 8.0
_TILES = 12
_GLANCE_DPI = 36.0


def scan_picture(page: pymupdf.Page, *, width: float, height: float, pixels: int) -> GrayPicture:
    """The page as displayed, `width` by `height` points, in at most so many pixels unless it is a fax."""
    scans = [info for info in page.get_image_info(xrefs=True) if _share(info, _sheet(page)) >= _FILLS]
    if len(scans) == 1 and (fax := _fax(page, scans[0], width, height)) is not None:
        return fax
    dots_per_inch = next((own for own in map(_dots_per_inch, scans) if _COARSEST_DPI <= own <= _FINEST_DPI), _USUAL_DPI)
    return gray_picture(page, width=width, height=height, dpi=dots_per_inch, pixels=pixels)


def _fax(page: pymupdf.Page, info: Mapping[str, Any], width: float, height: float) -> GrayPicture | None:
    if info["bpc"] != 1 or not info["xref"] or info["width"] * info["height"] > _FAX_PIXELS:
        return None
    if not _is_whole_page(info, _sheet(page)):
        return None
    upright = _upright(_gray(pymupdf.Pixmap(page.parent, info["xref"])), info["transform"])
    if upright is None:
        return None
    displayed = np.rot90(upright, -page.rotation // 90)
    return (
        GrayPicture(pixels=displayed, width=width, height=height) if _is_shown(displayed, page, width, height) else None
    )


def _is_whole_page(info: Mapping[str, Any], page: pymupdf.Rect) -> bool:
    edges = zip(info["bbox"], page, strict=True)
    return all(abs(edge - of_page) <= _MARGIN_POINTS for edge, of_page in edges)


def _sheet(page: pymupdf.Page) -> pymupdf.Rect:
    """The page before it is turned for display, as pictures on it are placed."""
    return page.rect * page.derotation_matrix


def _gray(picture: pymupdf.Pixmap) -> GrayPixels:
    gray = picture if picture.n == 1 else pymupdf.Pixmap(pymupdf.csGRAY, picture)
    pixels: GrayPixels = np.frombuffer(gray.samples, dtype=np.uint8).reshape(gray.height, gray.stride)[:, : gray.width]
    return pixels


def _upright(pixels: GrayPixels, transform: tuple[float, ...]) -> GrayPixels | None:
    """The pixels as the page has them before it is turned for display; None where they stand askew.

    A row of pixels runs along (a, b) of the transform, a column along (c, d).
    """
    a, b, c, d = (round(value) for value in transform[:4])
    if b == 0 and c == 0:
        return pixels[:: 1 if d > 0 else -1, :: 1 if a > 0 else -1]
    if a == 0 and d == 0:
        upright = pixels.T
        return upright[:: 1 if b > 0 else -1, :: 1 if c > 0 else -1]
    return None


def _is_shown(pixels: GrayPixels, page: pymupdf.Page, width: float, height: float) -> bool:
    """Whether the page, drawn small, looks like the pixels: nothing lies over them, and black is black."""
    glance = gray_picture(page, width=width, height=height, dpi=_GLANCE_DPI).pixels
    small = Image.fromarray(np.ascontiguousarray(pixels)).resize(glance.shape[::-1], Image.Resampling.BOX)
    rows, columns = (np.linspace(0, size, _TILES, endpoint=False).astype(np.int64) for size in glance.shape)
    tiles = [
        np.add.reduceat(np.add.reduceat(shades.astype(np.float64), rows, axis=0), columns, axis=1)
        for shades in (np.asarray(small), glance)
    ]
    return bool(np.abs(tiles[0] - tiles[1]).max() <= _SAME_SHADES * (glance.size / _TILES**2))


def _share(info: Mapping[str, Any], page: pymupdf.Rect) -> float:
    x0, y0, x1, y1 = info["bbox"]
    across, down = min(x1, page.x1) - max(x0, page.x0), min(y1, page.y1) - max(y0, page.y0)
    return float(max(across, 0.0) * max(down, 0.0) / max(page.width * page.height, 1.0))


def _dots_per_inch(info: Mapping[str, Any]) -> float:
    a, b, c, d = info["transform"][:4]
    across, down = max(math.hypot(a, b), 1.0), max(math.hypot(c, d), 1.0)
    return float(max(info["width"] / across, info["height"] / down)) * _POINTS_PER_INCH
