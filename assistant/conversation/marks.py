"""The marks a model writes: [n] citations and quotations, found in an answer's text and told apart from it."""

from __future__ import annotations

import re
from dataclasses import dataclass

# [3], [3, 4], [3][4], [3-5]; models also write 【3】 and [page 3] or [p. 3].
_MARK = re.compile(r"[\[【]\s*(?:p(?:age|\.)?\s*|source\s*)?(\d{1,6}(?:\s*[,;–-]\s*\d{1,6})*)\s*[\]】]", re.IGNORECASE)
_RANGE = re.compile(r"(\d+)\s*[–-]\s*(\d+)")
_NUMBER = re.compile(r"\d+")
_MAX_RANGE = 20
# A bracket that was meant as a mark but names no number: [], [n], [citation needed], an unclosed [3
_MALFORMED = re.compile(
    r"[\[【]\s*(?:n|\?|citation[^\]】]{0,20}|source|ref(?:erence)?|)\s*[\]】]|\[\d+\s*$", re.IGNORECASE
)
_QUOTE = re.compile(r"[\"“„«]([^\"“”„«»]{2,2000})[\"”»]")
_GAP = re.compile(rf"[ \t]*(?:(?:{_MARK.pattern}|{_MALFORMED.pattern})[ \t]*)+", re.IGNORECASE)
# Before these, and at the end of a text, a mark that is cut out leaves no space.
_CLOSING = ("", *".,;:!?")
# A quoted word or two is emphasis or a name, not evidence by itself.
_MIN_QUOTE_CHARACTERS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A citation mark at `start:end` of a text and the source numbers it names."""

    start: int
    end: int
    numbers: tuple[int, ...]


def marks(text: str) -> tuple[Mark, ...]:
    """All citation marks of `text`, in order. A malformed mark names no number."""
    found = [Mark(start=m.start(), end=m.end(), numbers=_numbers(m.group(1))) for m in _MARK.finditer(text)]
    found += [Mark(start=m.start(), end=m.end(), numbers=()) for m in _MALFORMED.finditer(text)]
    return tuple(sorted(found, key=lambda mark: mark.start))


def without_marks(text: str) -> str:
    """`text` with its marks cut out and the spaces they leave closed; all other spaces stay as the record has them."""
    return _GAP.sub(lambda gap: "" if text[gap.end() : gap.end() + 1] in _CLOSING else " ", text).strip()


def quotes(text: str) -> tuple[str, ...]:
    """What stands between quotation marks in `text`, in order."""
    return tuple(q for q in _QUOTE.findall(text) if len(q.strip()) >= _MIN_QUOTE_CHARACTERS)


def _numbers(inside: str) -> tuple[int, ...]:
    numbers: list[int] = []
    for first, last in _RANGE.findall(inside):
        numbers += range(int(first), min(int(last), int(first) + _MAX_RANGE) + 1)
    numbers += [int(number) for number in _NUMBER.findall(_RANGE.sub("", inside))]
    return tuple(dict.fromkeys(numbers))
