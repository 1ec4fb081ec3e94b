"""The words of a record as one run of bytes, and where in it a quotation may begin and end.

A quotation is written with one space for any white space and with plain marks (`quotes.quotable`), and it begins and
ends with whole words, as `quotes.locate` wants it. Pages and the record's own double quotation marks part the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assistant.evidence.quotes import is_cjk, quotable

PART = "\x00"
"""Stands where no quotation runs over: between pages, and for a double quotation mark of the record."""
SHORTEST_QUOTE = 2
"""Characters. One alone is not read as a quotation by those who look for quotation marks in an answer."""
_PARTED = re.compile(r"[ \x00\"]*[\x00\"][ \x00\"]*")
_JOINS = frozenset(".,")

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotableText:
    """`data`: UTF-8, uint8 [B]. `is_start`, `is_end`: bool [B], whether a quotation may begin at, end before a byte.

    `text_starts` [texts]: the byte that each of the texts begins at.
    """

    data: NDArray[np.uint8]
    is_start: Flags
    is_end: Flags
    text_starts: NDArray[np.int64]


def quotable_text(texts: Iterable[str]) -> QuotableText:
    """The texts, which quotations do not run over, made ready to be quoted."""
    clean = (quotable(text.encode("utf-8", "replace").decode("utf-8")) for text in texts)
    parted = [_PARTED.sub(PART, text).strip(PART + " ") for text in clean]
    joined = PART + PART.join(parted) + PART
    lengths = [len(text.encode("utf-8")) + len(PART) for text in parted]
    characters = _Characters(joined)
    is_start, is_end = characters.starts(), characters.ends()
    data = np.frombuffer(joined.encode("utf-8"), dtype=np.uint8)
    offsets = characters.byte_offsets()
    return QuotableText(
        data=data,
        is_start=_spread(is_start, offsets, len(data)),
        is_end=_spread(is_end, offsets, len(data)),
        text_starts=np.cumsum([len(PART), *lengths[:-1]], dtype=np.int64),
    )


def _spread(flags: Flags, offsets: NDArray[np.int64], length: int) -> Flags:
    spread = np.zeros(length, dtype=np.bool_)
    spread[offsets[flags]] = True
    return spread


class _Characters:
    """A text's characters by what they are: bool [N] each. A cut at i stands before character i."""

    def __init__(self, text: str) -> None:
        self._codes = np.frombuffer(text.encode("utf-32-le"), dtype="<u4")
        kinds, self._kind = np.unique(self._codes, return_inverse=True)
        self._known = [chr(code) for code in kinds]
        self._is_space = self._where([character == " " for character in self._known])
        self._is_part = self._where([character == PART for character in self._known])
        self._is_word = self._where([character.isalnum() for character in self._known])
        self._is_cut_word = self._cut_words()

    def starts(self) -> Flags:
        """Where a quotation may begin: with a word, or after a space, and with enough to be quoted before it parts."""
        after_gap = _before(self._is_space | self._is_part)
        here = ~self._is_cut_word & ~self._is_space & ~self._is_part & (self._is_word | after_gap)
        part, word = _next(self._is_part), _next(self._is_word)
        return here & (part - np.arange(len(part)) >= SHORTEST_QUOTE) & (word < part)

    def ends(self) -> Flags:
        """Where one may end: never within a word or a number, never on a space."""
        return ~self._is_cut_word & ~_before(self._is_space | self._is_part)

    def byte_offsets(self) -> NDArray[np.int64]:
        """Where each character begins in UTF-8."""
        widths = 1 + (self._codes >= 0x80) + (self._codes >= 0x800) + (self._codes >= 0x10000)
        offsets: NDArray[np.int64] = np.cumsum(widths, dtype=np.int64) - widths
        return offsets

    def _cut_words(self) -> Flags:
        """Where a cut would part a word, a word at its hyphen, or a number at its point."""
        letter = self._where([character.isalnum() and not character.isdecimal() for character in self._known])
        run = self._where([character.isalnum() and not is_cjk(character) for character in self._known])
        digit = self._where([character.isdigit() for character in self._known])
        joins = self._where([character in _JOINS for character in self._known])
        hyphen = self._where([character == "-" for character in self._known])
        hyphenated = _before(letter) & hyphen & _after(letter)
        point = _before(digit) & joins & _after(digit)
        return (_before(run) & run) | hyphenated | _before(hyphenated) | point | _before(point)

    def _where(self, flags: list[bool]) -> Flags:
        found: Flags = np.array(flags, dtype=np.bool_)[self._kind]
        return found


def _before(flags: Flags) -> Flags:
    """Whether the character before has the flag."""
    return np.concatenate(([False], flags[:-1]))


def _after(flags: Flags) -> Flags:
    return np.concatenate((flags[1:], [False]))


def _next(flags: Flags) -> NDArray[np.int64]:
    """Where the next character with the flag stands, itself included; the text's length where none does."""
    at = np.where(flags, np.arange(len(flags)), len(flags))
    found: NDArray[np.int64] = np.minimum.accumulate(at[::-1])[::-1]
    return found
