"""How an invented document sets its facts: lists, sentences, headings, broken lines, misread letters, segments."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from itertools import groupby

from tools.bundled_model.fact_kinds import CLOSING, OPENING, StatedFact

_MISREAD = {"l": "1", "o": "0", "e": "c", "m": "rn", "i": "l", "S": "5", "a": "o"}
_HEADED_SHARE, _WRAPPED_SHARE = 0.65, 0.45
_BULLETS = ("", "", "", "- ", "• ", "* ")
# Between two segments of a page: a line's end, the end of a sentence or of its part, and the bullet of a list.
_BOUNDARY = re.compile(r"\n|[.;!?]+(?=\s|\Z)|^[-•*][ \t]+", re.MULTILINE)


def blocks_of(
    facts: Sequence[StatedFact], dice: random.Random, *, fillers: float, filler: Callable[[], str]
) -> list[str]:
    """The body of a document, facts of a kind together, their quotes still marked; with idle lines between."""
    blocks = []
    for _, group in groupby(sorted(facts, key=lambda fact: fact.kind.name), key=lambda fact: fact.kind.name):
        members = list(group)
        lines: list[str] = []
        for fact in members:
            lines += [fact.line, *([filler()] if dice.random() < fillers else [])]
        heading = _heading(dice.choice(members[0].kind.headings), dice) if dice.random() < _HEADED_SHARE else ""
        blocks.append(heading + _set(lines, dice))
    dice.shuffle(blocks)
    return blocks


def wrapped(text: str, dice: random.Random) -> str:
    """Some pages come with their lines broken as they were printed."""
    if dice.random() > _WRAPPED_SHARE:
        return text
    width = dice.randint(55, 100)
    return "\n".join(_broken(line, width) for line in text.split("\n"))


def misread(text: str, dice: random.Random) -> str:
    """`text` as a bad scan is read."""
    return "".join(_MISREAD.get(letter, letter) if dice.random() < 0.12 else letter for letter in text)


def segment(page: str, start: int, end: int) -> str:
    """The segment in which `page[start:end]` stands; a boundary inside these words is none."""
    boundaries = list(_BOUNDARY.finditer(page))
    first = max((found.end() for found in boundaries if found.end() <= start), default=0)
    # A full stop that ends the words themselves ends the segment too.
    last = min((found.start() for found in boundaries if found.end() >= end), default=len(page))
    return page[first:last].strip()


def segments_of(page: str) -> list[str]:
    """All segments of a page."""
    return [part.strip() for part in _BOUNDARY.split(page) if part.strip()]


def _set(lines: Sequence[str], dice: random.Random) -> str:
    """One under the other or one after the other."""
    if dice.random() < 0.5:
        bullet = dice.choice(_BULLETS)
        return "\n".join(bullet + line.removeprefix("- ") for line in lines)
    return " ".join(line if _bare(line)[-1] in ".:!?" else f"{line}{dice.choice('.;.')}" for line in lines)


def _heading(text: str, dice: random.Random) -> str:
    """With a line of its own or at the head of the first."""
    form = dice.choice(("{}\n", "{}:\n", "{}: ", "{}\n", "\n{}\n"))
    return form.format(text.upper() if dice.random() < 0.3 else text)


def _broken(line: str, width: int) -> str:
    lines, length = [""], 0
    for word in line.split(" "):
        if length + len(_bare(word)) > width:
            lines.append("")
            length = 0
        lines[-1] += (" " if length else "") + word
        length += len(_bare(word)) + 1
    return "\n".join(lines)


def _bare(text: str) -> str:
    return text.replace(OPENING, "").replace(CLOSING, "")
