"""The lines of a page with the height at which each stands, from the boxes of its words."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from typing import NamedTuple

from assistant.domain import Page

_NUMBERS_PER_WORD = 7  # as `Words.to_bytes` packs them: start, end, x0, y0, x1, y1, confidence
_START, _Y0, _Y1 = 0, 3, 5
_DIGITS = re.compile(r"\d+")


class TextLine(NamedTuple):
    """`text`, which begins at `start` of its page's text, between `y0` and `y1` points from the page's top."""

    text: str
    start: int
    y0: float
    y1: float

    @property
    def end(self) -> int:
        """Where the line ends in its page's text."""
        return self.start + len(self.text)


def lines_of(page: Page) -> list[TextLine]:
    """The lines that hold words, in the order of the text."""
    # 1,000 pages a second leave no time for an object a word.
    numbers = array("d")
    numbers.frombytes(page.words.to_bytes())
    starts, tops, bottoms = (numbers[at::_NUMBERS_PER_WORD] for at in (_START, _Y0, _Y1))
    lines: list[TextLine] = []
    at = word = 0
    for text in page.text.split("\n"):
        if text and not text.isspace():
            word = bisect_left(starts, at, word)
            y0, y1 = (tops[word], bottoms[word]) if word < len(starts) else (0.0, 0.0)
            lines.append(TextLine(text, at, y0, y1))
        at += len(text) + 1
    return lines


def line_key(text: str) -> str:
    """What a line has in common with itself on other pages: its words without their digits, in small letters."""
    return " ".join(_DIGITS.sub("#", text).split()).strip(" ·|-–").casefold()
