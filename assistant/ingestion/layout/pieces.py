"""A piece of a line: words that stand close together, and the box around them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.ingestion.layout.page_text import PlacedWord

_LEAST_HEIGHT = 0.01


@dataclass(frozen=True, slots=True)
class Piece:
    """Words that stand close together on one line, and the box around them, in points."""

    x0: float
    y0: float
    x1: float
    y1: float
    words: tuple[PlacedWord, ...]

    @classmethod
    def of(cls, words: Sequence[PlacedWord]) -> Piece:
        """The piece that these words make."""
        x0, y0, x1, y1, _ = zip(*words, strict=True)
        return cls(min(x0), min(y0), max(x1), max(y1), tuple(words))

    @property
    def height(self) -> float:
        """From top to bottom."""
        return self.y1 - self.y0

    @property
    def width(self) -> float:
        """From left to right."""
        return self.x1 - self.x0

    def overlap(self, other: Piece) -> float:
        """How much of the lower one's height the two share, 0 to 1."""
        # Asked a thousand times a page: comparisons cost half of what min() and max() do.
        top = self.y0 if self.y0 > other.y0 else other.y0
        bottom = self.y1 if self.y1 < other.y1 else other.y1
        if bottom <= top:
            return 0.0
        height, others = self.y1 - self.y0, other.y1 - other.y0
        lower = height if height < others else others
        return (bottom - top) / (lower if lower > _LEAST_HEIGHT else _LEAST_HEIGHT)
