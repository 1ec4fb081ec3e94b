"""The ruled lines of a page: what parts its cells."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Stretches = npt.NDArray[np.float64]

# Thicker than this is a bar, shorter is a dash of a dotted line or a part of a drawing, in points.
THICKEST_RULE = 2.0
_SHORTEST_POINTS = 6.0
_MOST_RULES = 4_000
_NONE: Stretches = np.zeros((0, 3))


@dataclass(frozen=True, slots=True)
class Rules:
    """Ruled lines, float64 [rules, 3]. Upright ones: x, top, bottom. Level ones: y, left, right."""

    upright: Stretches = field(default_factory=lambda: _NONE)
    level: Stretches = field(default_factory=lambda: _NONE)

    @classmethod
    def of(cls, boxes: Iterable[tuple[float, float, float, float]]) -> Rules:
        """The rules among the boxes of a page's strokes, and the edges of the boxes that are cells."""
        upright: list[tuple[float, float, float]] = []
        level: list[tuple[float, float, float]] = []
        for x0, y0, x1, y1 in boxes:
            if len(upright) + len(level) > _MOST_RULES:
                break
            across, down = x1 - x0, y1 - y0
            if down >= _SHORTEST_POINTS:
                upright += [((x0 + x1) / 2, y0, y1)] if across <= THICKEST_RULE else [(x0, y0, y1), (x1, y0, y1)]
            if across >= _SHORTEST_POINTS:
                level += [((y0 + y1) / 2, x0, x1)] if down <= THICKEST_RULE else [(y0, x0, x1), (y1, x0, x1)]
        return cls(_stacked(upright), _stacked(level))

    def stands_between(self, left: float, right: float, top: float, bottom: float) -> bool:
        """Whether an upright rule stands between two words of a line."""
        rules, middle = self.upright, (top + bottom) / 2
        if not len(rules):
            return False
        is_there = (rules[:, 0] >= left - 0.5) & (rules[:, 0] <= right + 0.5)
        return bool((is_there & (rules[:, 1] <= middle) & (rules[:, 2] >= middle)).any())

    def part(self, above: float, below: float, left: float, right: float) -> bool:
        """Whether a level rule parts what stands above it (down to `above`) from what stands below."""
        rules = self.level
        if not len(rules):
            return False
        is_there = (rules[:, 0] >= above) & (rules[:, 0] <= below)
        shared = np.minimum(rules[:, 2], right) - np.maximum(rules[:, 1], left)
        return bool(shared[is_there].clip(0).sum() >= (right - left) / 2)


def _stacked(rules: list[tuple[float, float, float]]) -> Stretches:
    return np.array(rules, dtype=np.float64).reshape(-1, 3)
