"""A line of a page, cut where cells may end."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from assistant.ingestion.layout.page_text import PlacedWord
from assistant.ingestion.layout.pieces import Piece
from assistant.ingestion.layout.rules import Rules

# In line heights: a gap that may part cells; one that two lines must share to do so; one that nothing else makes.
_NARROW_GAP = 0.4
_WIDE_GAP = 0.9
_WIDEST_GAP = 2.0
_NARROWEST_POINTS = 4.0
_ALIKE = 0.08
_FEWEST_SPACES = 3
_MARKS = ".,:;?!()\"'"
# What stands before an item of a list is no cell of its own.
_MARKER = re.compile(r"[^\w\s]|[oO§]|\(?(?:\d{1,2}|[A-Za-z]|[ivx]{1,4})[.)]")


@dataclass(frozen=True, slots=True)
class Gap:
    """Room between two pieces of a line of some height; `is_ruled` where a rule stands in it."""

    x0: float
    x1: float
    height: float
    is_ruled: bool = False

    @property
    def is_wide(self) -> bool:
        """Whether it is wider than a space of well set prose."""
        return self.is_ruled or self.x1 - self.x0 >= _WIDE_GAP * self.height

    @property
    def is_certain(self) -> bool:
        """Whether nothing but the end of a cell makes such a gap."""
        return self.is_ruled or self.x1 - self.x0 >= _WIDEST_GAP * self.height

    def shared(self, other: Gap) -> float:
        """How much of it the other has too, in points."""
        return min(self.x1, other.x1) - max(self.x0, other.x0)


@dataclass(frozen=True, slots=True)
class TextLine:
    """One line: its pieces, the gaps between them, and the box around all."""

    pieces: tuple[Piece, ...]
    gaps: tuple[Gap, ...]
    whole: Piece

    @classmethod
    def of(cls, line: Piece, rules: Rules) -> TextLine:
        """The line cut at every gap that may part cells. What reads from right to left stays whole."""
        if any("\u0590" <= sign <= "\u08ff" for word in line.words if not word.text.isascii() for sign in word.text):
            return cls((line,), (), line)
        least = max(_NARROW_GAP * line.height, _NARROWEST_POINTS)
        parts: list[list[PlacedWord]] = [[line.words[0]]]
        gaps: list[Gap] = []
        for before, word in pairwise(line.words):
            room = word.x0 - before.x1
            if before is line.words[0] and _MARKER.fullmatch(before.text):
                parts[-1].append(word)
                continue
            is_ruled = room > -1 and rules.stands_between(before.x1, word.x0, line.y0, line.y1)
            if room >= least or is_ruled:
                gaps.append(Gap(before.x1, word.x0, line.height, is_ruled))
                parts.append([])
            parts[-1].append(word)
        if not any(gap.is_ruled for gap in gaps) and _is_justified(line):
            return cls((line,), (), line)
        return cls(tuple(map(Piece.of, parts)), tuple(gaps), line)

    @property
    def height(self) -> float:
        """How high its letters stand: cells of one row may stand a little apart."""
        return median(piece.height for piece in self.pieces)

    def crosses(self, gap: Gap) -> bool:
        """Whether one of its pieces runs over the gap of another line."""
        return any(piece.x0 < gap.x0 and gap.x1 < piece.x1 for piece in self.pieces)


def _is_justified(line: Piece) -> bool:
    """Whether a line of words is stretched to the margin: all its spaces are wide alike, as cells hardly ever are."""
    gaps = [word.x0 - before.x1 for before, word in pairwise(line.words)]
    if len(gaps) < _FEWEST_SPACES or max(gaps) - min(gaps) > _ALIKE * max(gaps):
        return False
    return sum(word.text.strip(_MARKS).isalpha() for word in line.words) > len(line.words) / 2
