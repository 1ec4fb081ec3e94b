"""Make pages for the tests of evidence: words laid out on lines, as a reader of files would."""

from __future__ import annotations

from assistant.domain import Box, Origin, Page, Word, Words

LINE_POINTS = 14.0
LETTER_POINTS = 6.0
MARGIN_POINTS = 50.0


def page(text: str, number: int = 1, file: str = "letter.pdf") -> Page:
    """A page whose letters are `LETTER_POINTS` wide and whose lines are `LINE_POINTS` apart."""
    words = []
    at, top = 0, MARGIN_POINTS
    for line in text.split("\n"):
        column = 0
        for word in line.split(" "):
            if word:
                left = MARGIN_POINTS + column * LETTER_POINTS
                box = Box(x0=left, y0=top, x1=left + len(word) * LETTER_POINTS, y1=top + 10.0)
                words.append(Word(start=at + column, end=at + column + len(word), box=box))
            column += len(word) + 1
        at += len(line) + 1
        top += LINE_POINTS
    return Page(file=file, number=number, text=text, width=612.0, height=792.0, origin=Origin.TEXT, words=Words(words))
