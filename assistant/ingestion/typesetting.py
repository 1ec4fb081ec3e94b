"""Lay plain text out on pages of our own: A4, a fixed pitch, a page at each form feed and every 60 lines of the file.

A line too long for the page is wrapped and stays one line of the text; a page with many wrapped lines becomes taller
than A4, so that the 60 lines stay together.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from assistant.ingestion.layout.page_text import Block, Line, PlacedWord, visible_text

PAGE_WIDTH = 595.0
PAGE_HEIGHT = 842.0
MARGIN = 36.0
FONT_SIZE = 10.0
LINE_HEIGHT = 12.5
_CELL = 0.6 * FONT_SIZE  # Courier's pitch
_CELLS = int((PAGE_WIDTH - 2 * MARGIN) / _CELL)
_LINES_PER_PAGE = 60
# 1,000 wrapped lines make a page of 12,572 points, below the 14,400 that PDF viewers allow.
_ROWS_PER_PAGE = 1_000
_TAB_CELLS = 8


def page_sources(text: str) -> Iterator[list[str]]:
    """The lines of each page, in order; a file without text is one empty page."""
    sections = text.replace("\r\n", "\n").replace("\r", "\n").split("\f")
    if len(sections) > 1 and not sections[-1].strip():
        sections.pop()  # a form feed that ends the last page starts no other
    for section in sections:
        lines = section.removesuffix("\n").split("\n")
        for first in range(0, len(lines), _LINES_PER_PAGE):
            yield from _fitting(lines[first : first + _LINES_PER_PAGE])


def typeset(lines: list[str]) -> list[Block]:
    """The page's words where they stand; a blank line ends a block."""
    blocks: list[Block] = [[]]
    row = 0
    for source in lines:
        words = _place(source, row)
        row += _rows(words, row)
        if words:
            blocks[-1].append(words)
        elif blocks[-1]:
            blocks.append([])
    return [block for block in blocks if block]


def page_height(blocks: list[Block]) -> float:
    """A4, or as tall as the page's last line needs."""
    lowest = max((word.y1 for block in blocks for line in block for word in line), default=0.0)
    return max(PAGE_HEIGHT, lowest + MARGIN)


def _fitting(lines: list[str]) -> Iterator[list[str]]:
    """The lines, broken into more pages only where wrapping would make one immensely tall."""
    page: list[str] = []
    rows = 0
    for line in lines:
        for piece in _pieces(line):
            needed = len(piece) // _CELLS * 2 + 1  # wide characters take two cells
            if page and rows + needed > _ROWS_PER_PAGE:
                yield page
                page, rows = [], 0
            page.append(piece)
            rows += needed
    yield page


def _pieces(line: str) -> Iterator[str]:
    longest = _CELLS * _ROWS_PER_PAGE // 2
    yield from (line[at : at + longest] for at in range(0, max(len(line), 1), longest))


def _place(source: str, row: int) -> Line:
    line: Line = []
    column = 0
    for text in _tokens(source):
        cells = sum(map(_cells, text))
        if text.isspace():
            column += cells
            continue
        if column + cells > _CELLS and column:
            row, column = row + 1, 0
        for piece in _cut(text):
            cells = sum(map(_cells, piece))
            if column + cells > _CELLS:
                row, column = row + 1, 0
            x0, y0 = MARGIN + column * _CELL, MARGIN + row * LINE_HEIGHT
            line.append(PlacedWord(x0, y0, x0 + cells * _CELL, y0 + LINE_HEIGHT, piece))
            column += cells
    return line


def _tokens(source: str) -> Iterator[str]:
    """Words, and the white space between them with tabs laid out."""
    text = visible_text(source.expandtabs(_TAB_CELLS))
    for position, word in enumerate(text.split(" ")):
        if position:
            yield " "
        if word:
            yield word


def _cut(word: str) -> Iterator[str]:
    """The word, or where it is longer than a line, pieces of it."""
    step = _CELLS if word.isascii() else _CELLS // 2
    yield from (word[at : at + step] for at in range(0, len(word), step))


def _cells(character: str) -> int:
    if character < "\u0300":
        return 1
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _rows(words: Line, row: int) -> int:
    if not words:
        return 1
    return round((words[-1].y0 - MARGIN) / LINE_HEIGHT) - row + 1
