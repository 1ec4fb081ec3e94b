"""Make a page's text out of its words: a space between words, a break between lines, a blank line between blocks."""

from __future__ import annotations

import unicodedata
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

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


@dataclass(frozen=True, slots=True, kw_only=True)
class ComposedText:
    """A page's text, and its words with offsets into it."""

    text: str
    words: Words


def compose(blocks: Iterable[Block], *, width: float, height: float, characters: int) -> ComposedText:
    """Join the words of a page in the order given; words past `characters` are left out."""
    pieces = _Pieces(width=width, height=height, characters=characters)
    for block in blocks:
        for line in block:
            for word in line:
                pieces.add(word)
            pieces.separator = "\n"
        pieces.separator = "\n\n"
    return ComposedText(text="".join(pieces.text), words=Words.from_bytes(pieces.numbers.tobytes()))


@dataclass(slots=True, kw_only=True)
class _Pieces:
    width: float
    height: float
    characters: int
    at: int = 0
    # What stands before the next word. Set by the end of a line or block, which may hold nothing visible.
    separator: str = ""
    text: list[str] = field(default_factory=list)
    numbers: array[float] = field(default_factory=lambda: array("d"))

    def add(self, word: PlacedWord) -> None:
        for text, box in parts(word):
            separator = self.separator if self.text else ""
            if self.at + len(separator) + len(text) > self.characters:
                return
            self.at += len(separator)
            x0, x1 = _inside(box.x0, box.x1, self.width)
            y0, y1 = _inside(box.y0, box.y1, self.height)
            self.numbers.extend((self.at, self.at + len(text), x0, y0, x1, y1, _NO_CONFIDENCE))
            self.text += (separator, text)
            self.at += len(text)
            self.separator = " "


class Part(NamedTuple):
    """A stretch of a word without white space, and its share of the word's box."""

    text: str
    box: PlacedWord


def parts(word: PlacedWord) -> Iterator[Part]:
    """The word's visible stretches: mostly one; a no-break space inside makes two, an invisible word none."""
    if word.text.isalnum():
        yield Part(word.text, word)
        return
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


def _inside(low: float, high: float, size: float) -> Sequence[float]:
    """The interval cut to 0..size, never empty."""
    low, high = min(low, high), max(low, high)
    low = min(max(round(low, 2), 0.0), size - _SMALLEST_POINTS)
    return low, max(min(round(high, 2), size), low + _SMALLEST_POINTS)
