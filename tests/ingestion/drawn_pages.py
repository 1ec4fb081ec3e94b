"""Draw one invented page and read it back in this process."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pymupdf

from assistant.ingestion.limits import Limits
from assistant.ingestion.pdf.file import PdfFile
from assistant.ingestion.reader import ReadPage, Source

Draw = Callable[[pymupdf.Page], object]
WHITE = (1.0, 1.0, 1.0)


def read_drawn(draw: Draw, *, rotation: int = 0) -> ReadPage:
    """An A4 page with what `draw` puts on it, read."""
    with pymupdf.open() as document:
        page = document.new_page(width=595, height=842)
        draw(page)
        page.set_rotation(rotation)
        return read_document(document.tobytes())


def read_document(data: bytes, number: int = 1) -> ReadPage:
    """Page `number` of a PDF."""
    return PdfFile(Source(name="page.pdf", data=data), Limits()).read(number)


def fill(page: pymupdf.Page, box: tuple[float, float, float, float], colour: tuple[float, float, float]) -> None:
    """A filled box without a border."""
    page.draw_rect(box, fill=colour, color=None, width=0)


def photograph() -> pymupdf.Pixmap:
    """A picture that has no text and no paper: dark noise."""
    pixels = np.random.default_rng(1).integers(0, 120, (200, 200, 3), dtype=np.uint8)
    return pymupdf.Pixmap(pymupdf.csRGB, 200, 200, pixels.tobytes(), 0)


def scan_of(*lines: str, dpi: int = 100) -> pymupdf.Pixmap:
    """A picture of an A4 page with these lines."""
    with pymupdf.open() as document:
        page = document.new_page(width=595, height=842)
        for number, line in enumerate(lines):
            page.insert_text((72, 100 + 24 * number), line, fontsize=14)
        return page.get_pixmap(dpi=dpi, alpha=False)
