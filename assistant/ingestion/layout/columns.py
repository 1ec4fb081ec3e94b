"""Find the columns of a page: lines of prose that begin at one edge, with lines of prose to the left of it.

A table has such edges too, but its rows must stay whole. What tells them apart: lines of prose fill their column and
mostly go on in the middle of a sentence, or their baselines do not match those across; cells are short and stand level.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import mean

from assistant.ingestion.layout.pieces import Piece

# A gap narrower than this is a space between words, in points.
_NARROWEST_GAP = 5.0
_EDGE_WITHIN = 3.0
_CANDIDATES = 6
_FEWEST_LINES = 3
# Share of a column's lines that reach at least _FULL of its width; ragged prose ends within a word of the margin.
_FULL = 0.78
_MOSTLY_FULL = 0.5
_WORDS_A_LINE = 3.5
# Share of lines that begin in lower case. German prose, with its capital nouns, has about half.
_GOING_ON = 0.25
_SAME_ROW = 0.5
_LEVEL_WITHIN = 0.25
_LEVEL = 0.6
_CELLS = 3
_WORDS_A_CELL = 3.0
_DEEPEST = 3


def column_order(pieces: list[Piece], *, depth: int = 0) -> Iterator[list[Piece]]:
    """The pieces in groups to be read one after the other, each from top to bottom."""
    sections = _best_sections(pieces) if depth < _DEEPEST else None
    if sections is None:
        yield pieces
        return
    rows: list[Piece] = []
    for section in sections:
        if not section.is_columns:
            rows += section.whole + section.left + section.right
            continue
        if rows:
            yield from column_order(rows, depth=depth + 1)
            rows = []
        yield from column_order(section.left, depth=depth + 1)
        yield from column_order(section.right, depth=depth + 1)
    if rows:
        yield from column_order(rows, depth=depth + 1)


@dataclass(slots=True)
class _Section:
    """A stretch of the page from top to bottom: pieces left and right of an edge, or rows that stay whole."""

    left: list[Piece] = field(default_factory=list)
    right: list[Piece] = field(default_factory=list)
    whole: list[Piece] = field(default_factory=list)
    is_columns: bool = False


def _best_sections(pieces: list[Piece]) -> list[_Section] | None:
    """The page cut by the edge that puts most pieces into columns; None if there are no columns."""
    if len(pieces) < 2 * _FEWEST_LINES:
        return None
    rows = _Rows(pieces)
    best, best_count = None, 0
    for edge in rows.edges():
        sections = list(_sections(rows, edge))
        for section in sections:
            section.is_columns = _are_columns(section.left, section.right)
        count = sum(len(section.left) + len(section.right) for section in sections if section.is_columns)
        if count > best_count:
            best, best_count = sections, count
    return best


class _Rows:
    """The pieces from top to bottom, and for each those that share its line."""

    def __init__(self, pieces: list[Piece]) -> None:
        self.ordered = sorted(pieces, key=lambda piece: piece.y0)
        self.mates = [list(self._mates(index)) for index in range(len(pieces))]

    def _mates(self, index: int) -> Iterator[Piece]:
        piece = self.ordered[index]
        for step in (-1, 1):
            at = index + step
            while 0 <= at < len(self.ordered) and abs(self.ordered[at].y0 - piece.y0) < 2 * piece.height:
                if self.ordered[at].overlap(piece) > _LEVEL_WITHIN:
                    yield self.ordered[at]
                at += step

    def edges(self) -> list[float]:
        """Where pieces begin that have another to their left, the most frequent places first."""
        begins: list[float] = []
        for piece, mates in zip(self.ordered, self.mates, strict=True):
            if any(piece.x0 - mate.x1 >= _NARROWEST_GAP for mate in mates):
                begins.append(piece.x0)
        counts = Counter(round(begin / _EDGE_WITHIN) for begin in begins)
        likely = [(key, count) for key, count in counts.most_common(_CANDIDATES) if count >= _FEWEST_LINES]
        return [min(b for b in begins if round(b / _EDGE_WITHIN) == key) - 1.0 for key, _ in likely]

    def is_tabular(self, index: int) -> bool:
        """Whether the piece is one of several short ones on its line."""
        row = [self.ordered[index], *(m for m in self.mates[index] if m.overlap(self.ordered[index]) > _SAME_ROW)]
        return len(row) >= _CELLS and mean(len(piece.words) for piece in row) < _WORDS_A_CELL


def _sections(rows: _Rows, edge: float) -> Iterator[_Section]:
    """The page cut where a line crosses the edge or belongs to a table."""
    section = _Section()
    for index, piece in enumerate(rows.ordered):
        is_whole = rows.is_tabular(index) or any(
            other.x0 < edge < other.x1 for other in (piece, *rows.mates[index]) if other.overlap(piece) > _SAME_ROW
        )
        if is_whole != bool(section.whole) and (section.left or section.right or section.whole):
            yield section
            section = _Section()
        if is_whole:
            section.whole.append(piece)
        elif piece.x1 <= edge:
            section.left.append(piece)
        else:
            section.right.append(piece)
    yield section


def _are_columns(left: list[Piece], right: list[Piece]) -> bool:
    """Whether both sides are to be read on their own."""
    if not _is_running_text(left) or not _is_running_text(right):
        return False
    return not _is_level(left, right) or (_is_prose(left) and _is_prose(right))


def _is_running_text(pieces: list[Piece]) -> bool:
    return len(pieces) >= _FEWEST_LINES and mean(len(piece.words) for piece in pieces) >= _WORDS_A_LINE


def _is_prose(pieces: list[Piece]) -> bool:
    """Whether the lines fill their column and go on; or the side is columns again, as on a page with three."""
    column = max(piece.x1 for piece in pieces) - min(piece.x0 for piece in pieces)
    full = sum(piece.width >= _FULL * column for piece in pieces)
    if full >= _MOSTLY_FULL * len(pieces):
        return sum(map(_goes_on, pieces)) >= _GOING_ON * len(pieces)
    return _best_sections(pieces) is not None


def _goes_on(piece: Piece) -> bool:
    """Whether the line begins in the middle of a sentence; scripts without capitals cannot tell."""
    first = piece.words[0].text[0]
    return first.islower() or (first.isalpha() and not first.isupper())


def _is_level(left: list[Piece], right: list[Piece]) -> bool:
    """Whether most lines on the right have one on the left at the same height."""
    level = 0
    for piece in right:
        within = _LEVEL_WITHIN * piece.height
        level += any(abs(piece.y1 - other.y1) <= within or abs(piece.y0 - other.y0) <= within for other in left)
    return level >= _LEVEL * len(right)
