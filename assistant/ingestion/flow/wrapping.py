"""Break a text into lines that fit a width: at spaces, between Chinese characters, inside a word too long for any."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from assistant.ingestion.flow.faces import Face
from assistant.ingestion.layout.page_text import visible_text

_STRETCH = re.compile(r"\n|\t+|[^ \n\t]+")
_TAB_POINTS = 36.0
# Chinese, Japanese and Korean characters: a line may end after each, but not before closing punctuation.
_WIDE = "\u2e80-\u2fdf\u3040-\u9fff\uac00-\ud7ff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff"
_CLOSING = "\u3001-\u3003\u3009\u300b\u300d\u300f\u3011\u3015\uff01\uff09\uff0c\uff0e\uff1a\uff1b\uff1f"
_WIDE_LETTER = re.compile(f"[{_WIDE}]")
_PIECE = re.compile(f"[{_WIDE}][{_CLOSING}]*|[^{_WIDE}]+")
# The widest letter of any face, in its size: what is shorter than the room at this width needs no measuring.
_WIDEST = 1.02


class SetWord(NamedTuple):
    """A word in its line: where it begins and how wide it is, in points.

    `follows`: what stands before it in the text, a space, a tab, or nothing where it goes on with the one before.
    """

    x: float
    width: float
    text: str
    follows: str


@dataclass(slots=True, kw_only=True)
class SetLine:
    """A line as it is set; it begins at `start` of its text, and `ends_hard` where the text itself has a line break."""

    start: int
    words: list[SetWord] = field(default_factory=list)
    ends_hard: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """The face and size of a text, and how wide its lines may be, in points."""

    face: Face
    size: float
    width: float


def clean(text: str) -> str:
    """`text` with its line breaks and tabs, and otherwise only what can be seen; a soft hyphen cannot."""
    if text.isascii() and text.isprintable():
        return text
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u00ad", "")
    text = text.replace("\u2028", "\n").replace("\v", "\n")
    return "\n".join("\t".join(map(visible_text, line.split("\t"))) for line in text.split("\n"))


def runs_leftwards(text: str) -> bool:
    """Whether a text is written from right to left: its first letter says (Unicode Annex 9, rule P2)."""
    if text.isascii():
        return False
    directions = map(unicodedata.bidirectional, text)
    return next((direction in ("R", "AL") for direction in directions if direction in ("L", "R", "AL")), False)


def fits_one_line(text: str, room: Room) -> bool:
    """Whether `text` is one line for sure; most cells of a table are seen to be without measuring them."""
    if "\n" in text or "\t" in text:
        return False
    return len(text) * room.size * _WIDEST <= room.width or (
        text.isascii() and room.face.width(text) * room.size <= room.width
    )


def wrap(text: str, room: Room) -> list[SetLine]:
    """The lines of a clean text; an empty text has one empty line."""
    lines = [SetLine(start=0)]
    space = room.face.width(" ") * room.size
    x, follows = 0.0, " "
    for match in _STRETCH.finditer(text):
        stretch = match.group()
        if stretch == "\n":
            lines[-1].ends_hard = True
            lines.append(SetLine(start=match.end()))
            x, follows = 0.0, " "
            continue
        if stretch[0] == "\t":
            x, follows = (x // _TAB_POINTS + 1) * _TAB_POINTS, "\t"
            continue
        at = match.start()
        for piece, width in _pieces(stretch, room):
            if x + width > room.width and lines[-1].words:
                lines.append(SetLine(start=at))
                x = 0.0
            x = min(x, max(room.width - width, 0.0))
            lines[-1].words.append(SetWord(x, width, piece, follows))
            at += len(piece)
            x, follows = x + width, ""
        x, follows = x + space, " "
    return lines


def _pieces(stretch: str, room: Room) -> Sequence[tuple[str, float]]:
    """The parts of a word between which a line may end, none wider than a line, each with its width."""
    width = room.face.width(stretch) * room.size
    if width <= room.width and (stretch.isascii() or not _WIDE_LETTER.search(stretch)):
        return ((stretch, width),)
    parts = _PIECE.findall(stretch) if not stretch.isascii() else [stretch]
    return [cut for part in parts for cut in _cut(part, room)]


def _cut(part: str, room: Room) -> Iterator[tuple[str, float]]:
    start, x = 0, 0.0
    for at, character in enumerate(part):
        width = room.face.width(character) * room.size
        if x + width > room.width and at > start:
            yield part[start:at], x
            start, x = at, 0.0
        x += width
    yield part[start:], x
