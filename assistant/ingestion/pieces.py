"""A piece of a line: words that stand close together, and the box around them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.ingestion.page_text import PlacedWord


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
        return cls(
            min(word.x0 for word in words),
            min(word.y0 for word in words),
            max(word.x1 for word in words),
            max(word.y1 for word in words),
            tuple(words),
        )

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
        shared = min(self.y1, other.y1) - max(self.y0, other.y0)
        return shared / max(min(self.height, other.height), 0.01) if shared > 0 else 0.0
