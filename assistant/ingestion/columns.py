"""Find the columns of a page: a white strip with lines of prose on both sides.

A table has white strips too, but its rows must stay whole. What tells them apart: the lines of prose fill their column,
or their baselines do not match those across the strip; the cells of a table are short and stand level.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import mean

from assistant.ingestion.page_text import PlacedWord

# A strip narrower than this is a space between words, in points.
_NARROWEST_STRIP = 5.0
_BIN = 2.0
_CANDIDATES = 3
_FEWEST_LINES = 3
# Share of a column's lines that reach at least _FULL of its width; ragged prose ends within a word of the margin.
_FULL = 0.78
_MOSTLY_FULL = 0.5
_WORDS_A_LINE = 3.5
_LEVEL_WITHIN = 0.25
_DEEPEST = 4


@dataclass(frozen=True, slots=True)
class Piece:
    """Words that stand close together on one line, and the box around them."""

    x0: float
    y0: float
    x1: float
    y1: float
    words: tuple[PlacedWord, ...]

    @classmethod
    def of(cls, words: Sequence[PlacedWord]) -> Piece:
        """The piece that these words make."""
        return cls(
            min(word.x0 for word in words),
            min(word.y0 for word in words),
            max(word.x1 for word in words),
            max(word.y1 for word in words),
            tuple(words),
        )

    @property
    def height(self) -> float:
        """From top to bottom, in points."""
        return self.y1 - self.y0

    @property
    def width(self) -> float:
        """From left to right, in points."""
        return self.x1 - self.x0

    def overlap(self, other: Piece) -> float:
        """How much of the lower one's height the two share, 0 to 1."""
        shared = min(self.y1, other.y1) - max(self.y0, other.y0)
        return shared / max(min(self.height, other.height), 0.01) if shared > 0 else 0.0


def column_order(pieces: list[Piece], *, width: float, depth: int = 0) -> Iterator[list[Piece]]:
    """The pieces in groups to be read one after the other, each from top to bottom."""
    if len(pieces) >= 2 * _FEWEST_LINES and depth < _DEEPEST:
        for strip in _strips(pieces, width):
            sections = list(_sections(pieces, strip))
            if any(section.is_columns for section in sections):
                yield from _in_order(sections, width=width, depth=depth + 1)
                return
    yield pieces


@dataclass(slots=True)
class _Section:
    """A stretch of the page from top to bottom: pieces left and right of a strip, or pieces that cross it."""

    left: list[Piece]
    right: list[Piece]
    crossing: list[Piece]

    @property
    def is_columns(self) -> bool:
        """Whether both sides are to be read on their own."""
        if len(self.left) < _FEWEST_LINES or len(self.right) < _FEWEST_LINES:
            return False
        if not _is_running_text(self.left) or not _is_running_text(self.right):
            return False
        return (_is_full(self.left) and _is_full(self.right)) or not _is_level(self.left, self.right)


def _in_order(sections: list[_Section], *, width: float, depth: int) -> Iterator[list[Piece]]:
    rows: list[Piece] = []
    for section in sections:
        if not section.is_columns:
            rows += section.crossing + section.left + section.right
            continue
        if rows:
            yield from column_order(rows, width=width, depth=depth)
            rows = []
        yield from column_order(section.left, width=width, depth=depth)
        yield from column_order(section.right, width=width, depth=depth)
    if rows:
        yield from column_order(rows, width=width, depth=depth)


def _strips(pieces: list[Piece], width: float) -> list[float]:
    """Middles of the white strips that most lines have text on both sides of, the best first."""
    votes = [0] * (int(width / _BIN) + 2)
    ordered = sorted(pieces, key=lambda p: p.y0)
    for index, piece in enumerate(ordered):
        gap_end = _right_neighbour(ordered, index)
        if gap_end - piece.x1 >= _NARROWEST_STRIP:
            first, last = int(max(piece.x1, 0.0) / _BIN), int(min(gap_end, width) / _BIN)
            for bin_number in range(first, last):
                votes[bin_number] += 1
    strips: list[float] = []
    for _ in range(_CANDIDATES):
        most = max(votes)
        if most < _FEWEST_LINES:
            break
        first = votes.index(most)
        last = first
        while last < len(votes) and votes[last] == most:
            last += 1
        strips.append((first + last) / 2 * _BIN)
        # What borders on this strip is the same strip seen by fewer lines.
        low, high = first, last
        while low > 0 and votes[low - 1]:
            low -= 1
        while high < len(votes) and votes[high]:
            high += 1
        votes[first:last] = [0] * (last - first)
    return strips


def _right_neighbour(ordered: list[Piece], index: int) -> float:
    """Where the next piece to the right begins; infinitely far away if nothing stands beside this one."""
    piece = ordered[index]
    nearest = -1.0
    for step in (-1, 1):
        at = index + step
        while 0 <= at < len(ordered) and abs(ordered[at].y0 - piece.y0) < 2 * piece.height:
            other = ordered[at]
            if other.x0 >= piece.x1 and other.overlap(piece) > _LEVEL_WITHIN and (nearest < 0 or other.x0 < nearest):
                nearest = other.x0
            at += step
    return nearest


def _sections(pieces: list[Piece], strip: float) -> Iterator[_Section]:
    """The page cut where pieces cross the strip."""
    section = _Section([], [], [])
    for piece in sorted(pieces, key=lambda p: p.y0):
        crosses = piece.x0 < strip < piece.x1
        if crosses != bool(section.crossing) and (section.left or section.right or section.crossing):
            yield section
            section = _Section([], [], [])
        if crosses:
            section.crossing.append(piece)
        elif piece.x1 <= strip:
            section.left.append(piece)
        else:
            section.right.append(piece)
    yield section


def _is_running_text(pieces: list[Piece]) -> bool:
    return mean(len(piece.words) for piece in pieces) >= _WORDS_A_LINE


def _is_full(pieces: list[Piece]) -> bool:
    column = max(piece.x1 for piece in pieces) - min(piece.x0 for piece in pieces)
    return sum(piece.width >= _FULL * column for piece in pieces) >= _MOSTLY_FULL * len(pieces)


def _is_level(left: list[Piece], right: list[Piece]) -> bool:
    """Whether most lines on the right have one on the left at the same height."""
    level = 0
    for piece in right:
        within = _LEVEL_WITHIN * piece.height
        level += any(abs(piece.y1 - other.y1) <= within or abs(piece.y0 - other.y0) <= within for other in left)
    return level >= 0.6 * len(right)
