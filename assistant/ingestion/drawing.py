"""Draw a page that we laid out ourselves: every word inside its own box, so that picture and boxes cannot disagree."""

from __future__ import annotations

import pymupdf

from assistant.ingestion.layout.page_text import Block

_INK = (0.13, 0.15, 0.18)
# Text sits on a baseline at this share of the line's height.
_BASELINE = 0.76
_TALLEST_SHARE = 0.8


def draw_blocks(blocks: list[Block], *, width: float, height: float, width_pixels: int, pixels: int) -> bytes:
    """A PNG picture of the words on a white page of `width` by `height` points."""
    with pymupdf.open() as document:
        page = document.new_page(width=width, height=height)
        writer = pymupdf.TextWriter(page.rect, color=_INK)
        fonts = _Fonts()
        for block in blocks:
            for line in block:
                for word in line:
                    font = fonts.font_for(word.text)
                    size = _fitting_size(font, word.text, word.x1 - word.x0, word.y1 - word.y0)
                    writer.append(
                        (word.x0, word.y0 + _BASELINE * (word.y1 - word.y0)), word.text, font=font, fontsize=size
                    )
        writer.write_text(page)
        return page_png(page, width_pixels=width_pixels, pixels=pixels)


def page_png(page: pymupdf.Page, *, width_pixels: int, pixels: int) -> bytes:
    """The page as displayed; smaller than asked where the picture would have more than `pixels` pixels."""
    width, height = max(page.rect.width, 1.0), max(page.rect.height, 1.0)
    scale = min(width_pixels / width, (pixels / (width * height)) ** 0.5)
    picture: bytes = page.get_pixmap(matrix=pymupdf.Matrix(scale, scale), alpha=False).tobytes("png")
    return picture


class _Fonts:
    """Courier where it has the letters, else the font of many scripts that PyMuPDF carries."""

    def __init__(self) -> None:
        self._courier = pymupdf.Font("cour")
        self._many_scripts: pymupdf.Font | None = None

    def font_for(self, text: str) -> pymupdf.Font:
        if text.isascii() or all(self._courier.has_glyph(ord(character)) for character in text):
            return self._courier
        if self._many_scripts is None:
            self._many_scripts = pymupdf.Font("cjk")
        return self._many_scripts


def _fitting_size(font: pymupdf.Font, text: str, width: float, height: float) -> float:
    natural = font.text_length(text, fontsize=1.0)
    tallest = _TALLEST_SHARE * height
    return float(min(tallest, width / natural)) if natural > 0 else tallest
