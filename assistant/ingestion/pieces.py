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
        shared = min(self.y1, other.y1) - max(self.y0, other.y0)
        return shared / max(min(self.height, other.height), 0.01) if shared > 0 else 0.0
