"""Put loosely set lines together again: a printer's wide space has words above and below it, a gutter has not."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assistant.ingestion.layout.pieces import Piece

# In line heights: wider than this is no space, however loose; further away than this is no neighbour.
_WIDEST_SPACE = 6.0
_NEAR = 4.5
_SAME_LINE = 0.5


def rejoined(pieces: Sequence[Piece]) -> list[Piece]:
    """The pieces, those of one line of prose as one."""
    page = _Page(pieces)
    nexts = {left: right for left in range(len(page.pieces)) if (right := page.goes_on_with(left)) is not None}
    joined: list[Piece] = []
    rights = set(nexts.values())
    for first in range(len(page.pieces)):
        if first in rights:
            continue
        chain = [first]
        while chain[-1] in nexts:
            chain.append(nexts[chain[-1]])
        parts = [page.pieces[number] for number in chain]
        joined.append(parts[0] if len(parts) == 1 else Piece.of([word for part in parts for word in part.words]))
    return joined


class _Page:
    """Pieces from top to bottom."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self.pieces = sorted(pieces, key=lambda piece: piece.y0)
        self._tops = [piece.y0 for piece in self.pieces]
        self._tallest = max((piece.height for piece in pieces), default=0.0)

    def goes_on_with(self, left: int) -> int | None:
        """The piece to the right of this one, if only a loose space parts them."""
        piece = self.pieces[left]
        best: int | None = None
        for number in self._from_to(piece.y0 - piece.height, piece.y1):
            other = self.pieces[number]
            if other.x0 >= piece.x1 and other.overlap(piece) > _SAME_LINE:
                best = number if best is None or other.x0 < self.pieces[best].x0 else best
        if best is None or not self._is_loose(piece, self.pieces[best]):
            return None
        return best

    def _is_loose(self, left: Piece, right: Piece) -> bool:
        height = min(left.height, right.height)
        if right.x0 - left.x1 >= _WIDEST_SPACE * height:
            return False
        middle = (left.y0 + left.y1) / 2
        above, below = _Side(), _Side()
        for number in self._from_to(middle - _NEAR * height - self._tallest, middle + _NEAR * height):
            other = self.pieces[number]
            away = (other.y0 + other.y1) / 2 - middle
            if _SAME_LINE * height < abs(away) <= _NEAR * height and other.x1 > left.x0 and other.x0 < right.x1:
                side = below if away > 0 else above
                crosses = other.x0 < left.x1 and right.x0 < other.x1
                side.crossing += crosses
                side.apart += not crosses
        sides = [side for side in (above, below) if side.crossing or side.apart]
        return bool(sides) and all(side.is_crossed for side in sides)

    def _from_to(self, top: float, bottom: float) -> Iterator[int]:
        """The pieces that begin between two heights."""
        at = bisect_left(self._tops, top)
        while at < len(self._tops) and self._tops[at] <= bottom:
            yield at
            at += 1


@dataclass(slots=True)
class _Side:
    """The lines above or below a gap: pieces that run over it, and pieces that stand left or right of it."""

    crossing: int = 0
    apart: int = 0

    @property
    def is_crossed(self) -> bool:
        """Whether most lines run over the gap; a line that does not has a piece on either side."""
        return self.crossing > 0 and 2 * self.crossing >= self.apart
