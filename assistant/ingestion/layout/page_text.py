"""Make a page's text out of its words: a space between words, a break between lines, a blank line between blocks."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

import numpy as np

from assistant.domain import Words

# A word whose box has no extent (a lone accent, a broken font) still needs a place that can be pointed at.
_SMALLEST_POINTS = 0.5
_NO_CONFIDENCE = -1.0


class PlacedWord(NamedTuple):
    """A word and its box on the displayed page, in points. A tuple, for a record has millions."""

    x0: float
    y0: float
    x1: float
    y1: float
    text: str

    @property
    def middle(self) -> float:
        """Height of the word's middle."""
        return (self.y0 + self.y1) / 2


Line = list[PlacedWord]
Block = list[Line]

# Two marks that stand between the words of a Line, known by identity; they have no place and are no words.
# The next word is in the next cell of a row: a tab stands before it, one more for each cell that is empty.
CELL_END = PlacedWord(0.0, 0.0, 0.0, 0.0, "\t")
# The next word goes on with the last one, which a line's end has cut: nothing stands between them.
JOINED = PlacedWord(0.0, 0.0, 0.0, 0.0, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class ComposedText:
    """A page's text, its words with offsets into it, and from where to where each Line goes, in the order given."""

    text: str
    words: Words
    lines: tuple[tuple[int, int], ...] = ()


def compose(blocks: Iterable[Block], *, width: float, height: float, characters: int) -> ComposedText:
    """Join the words of a page in the order given; words past `characters` are left out."""
    pieces = _Pieces(characters=characters)
    for block in blocks:
        for line in block:
            pieces.add_line(line)
            pieces.separator = "\n"
        pieces.separator = "\n\n"
    return ComposedText(
        text="".join(pieces.text), words=Words.from_bytes(pieces.packed(width, height)), lines=tuple(pieces.lines)
    )


@dataclass(slots=True, kw_only=True)
class _Pieces:
    characters: int
    at: int = 0
    # What stands before the next word. Set by the end of a line or block, which may hold nothing visible.
    separator: str = ""
    text: list[str] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    boxes: list[PlacedWord] = field(default_factory=list)
    lines: list[tuple[int, int]] = field(default_factory=list)

    def add_line(self, line: Line) -> None:
        before = len(self.starts)
        for word in line:
            if word is CELL_END:
                self.separator = self.separator.rstrip(" ") + "\t"
            elif word is JOINED:
                self.separator = self.separator.rstrip(" ")
            else:
                self.add(word)
        self.lines.append((self.starts[before] if len(self.starts) > before else self.at, self.at))

    def add(self, word: PlacedWord) -> None:
        text = word.text
        if text and text.isascii() and text.isprintable() and " " not in text:
            self._put(text, word)
            return
        for part in parts(word):
            self._put(part.text, part.box)

    def _put(self, text: str, box: PlacedWord) -> None:
        separator = self.separator if self.text else self.separator.strip("\n ")
        start = self.at + len(separator)
        end = start + len(text)
        if end > self.characters:
            return
        self.text += (separator, text)
        self.starts.append(start)
        self.ends.append(end)
        self.boxes.append(box)
        self.at, self.separator = end, " "

    def packed(self, width: float, height: float) -> bytes:
        """The words as `Words` packs them, every box cut to the page and never empty."""
        numbers = np.full((len(self.starts), 7), _NO_CONFIDENCE)
        if self.starts:
            numbers[:, 0], numbers[:, 1] = self.starts, self.ends
            boxes = np.round(np.array([box[:4] for box in self.boxes]), 2)
            for low, size in ((0, width), (1, height)):
                ends = np.sort(boxes[:, low::2], axis=1)
                numbers[:, 2 + low] = np.clip(ends[:, 0], 0.0, size - _SMALLEST_POINTS)
                numbers[:, 4 + low] = np.maximum(np.minimum(ends[:, 1], size), numbers[:, 2 + low] + _SMALLEST_POINTS)
        return numbers.tobytes()


class Part(NamedTuple):
    """A stretch of a word without white space, and its share of the word's box."""

    text: str
    box: PlacedWord


def parts(word: PlacedWord) -> Iterator[Part]:
    """The word's visible stretches: mostly one; a no-break space inside makes two, an invisible word none."""
    visible = visible_text(word.text)
    stretches = visible.split()
    if len(stretches) == 1:
        yield Part(stretches[0], word)
        return
    step = (word.x1 - word.x0) / max(len(visible), 1)
    at = 0
    for stretch in stretches:
        at = visible.index(stretch, at)
        x0 = word.x0 + at * step
        at += len(stretch)
        yield Part(stretch, word._replace(x0=x0, x1=word.x0 + at * step))


def visible_text(text: str) -> str:
    """`text` without characters that nobody can see, and with every code point one that UTF-8 can hold."""
    return text if text.isascii() and text.isprintable() else "".join(map(_visible, text))


@cache
def _visible(character: str) -> str:
    if character == "\u00ad":  # a soft hyphen that stands on the page is a hyphen
        return "-"
    if character in "\u200c\u200d":  # joiners shape the letters of Persian and Hindi
        return character
    category = unicodedata.category(character)
    if category == "Cs":
        return "\ufffd"
    if character.isspace():
        return " "
    return "" if category in ("Cc", "Cf") else character
