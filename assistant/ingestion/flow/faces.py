"""The typefaces of pages that we lay out ourselves, and how wide their letters are."""

from __future__ import annotations

from functools import cache

import pymupdf

# The words of a language come again and again; the cache starts anew where a file has more different ones.
_MOST_WORDS = 50_000


class Face:
    """A proportional typeface; letters that it lacks come from the fonts of many scripts that MuPDF carries."""

    def __init__(self, name: str) -> None:
        self.font = pymupdf.Font(name)
        self._advances = _Advances(self.font)
        self._words: dict[str, float] = {}

    def width(self, text: str) -> float:
        """How wide `text` is at a size of one point."""
        width = self._words.get(text)
        if width is None:
            if len(self._words) >= _MOST_WORDS:
                self._words.clear()
            width = self._words[text] = sum(map(self._advances.__getitem__, text))
        return width


class _Advances(dict[str, float]):
    """The advance of each character, asked once: MuPDF needs a microsecond for an answer."""

    def __init__(self, font: pymupdf.Font) -> None:
        super().__init__()
        self._font = font

    def __missing__(self, character: str) -> float:
        advance = self[character] = float(self._font.glyph_advance(ord(character)))
        return advance


@cache
def regular() -> Face:
    """Helvetica."""
    return Face("helv")


@cache
def bold() -> Face:
    """Helvetica Bold."""
    return Face("hebo")
