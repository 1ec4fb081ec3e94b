"""Pages laid out from plain lines, so that a test knows every word's place."""

from __future__ import annotations

import re

from assistant.domain import Box, Origin, Page, Word, Words

LINE_POINTS = 12.0
CHARACTER_POINTS = 6.0


def page(text: str, *, file: str = "letter.pdf", number: int = 1) -> Page:
    """A page of `text`: line k begins at x 10, y 10 + 12 k; every character is 6 points wide and 10 high."""
    words = []
    for match in re.finditer(r"\S+", text):
        before = text[: match.start()]
        line = before.count("\n")
        column = match.start() - (before.rfind("\n") + 1)
        x0, y0 = 10 + column * CHARACTER_POINTS, 10 + line * LINE_POINTS
        box = Box(x0=x0, y0=y0, x1=x0 + len(match.group()) * CHARACTER_POINTS, y1=y0 + 10)
        words.append(Word(start=match.start(), end=match.end(), box=box))
    return Page(file=file, number=number, text=text, width=2000, height=2000, origin=Origin.TEXT, words=Words(words))
