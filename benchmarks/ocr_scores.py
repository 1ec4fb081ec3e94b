"""Compare recognized words with the words that were set: characters, words, numbers, boxes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import numpy as np
import numpy.typing as npt

_UNITS_SHARE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class PageScore:
    """Counts for one page; shares are taken over all pages together."""

    characters: int
    character_errors: int
    words: int
    word_errors: int
    numbers: int
    numbers_right: int
    boxes: int
    boxes_fit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedText:
    """Words in reading order with their boxes, float64 [words, 4]."""

    words: list[str]
    boxes: npt.NDArray[np.float64]


def score(truth: PlacedText, found: PlacedText) -> PageScore:
    """Edit distances over the whole page in reading order; numbers and boxes of the words that align."""
    said, got = " ".join(truth.words), " ".join(found.words)
    ids = {word: at for at, word in enumerate(dict.fromkeys([*truth.words, *found.words]))}
    pairs = [
        (block.a + at, block.b + at)
        for block in SequenceMatcher(None, truth.words, found.words, autojunk=False).get_matching_blocks()
        for at in range(block.size)
    ]
    right = {a for a, _ in pairs}
    numbers = [at for at, word in enumerate(truth.words) if any(map(str.isdigit, word))]
    return PageScore(
        characters=len(said),
        character_errors=edit_distance([ord(c) for c in said], [ord(c) for c in got]),
        words=len(truth.words),
        word_errors=edit_distance([ids[word] for word in truth.words], [ids[word] for word in found.words]),
        numbers=len(numbers),
        numbers_right=sum(at in right for at in numbers),
        boxes=len(pairs),
        boxes_fit=sum(_fits(truth.boxes[a], found.boxes[b]) for a, b in pairs),
    )


def shares(scores: Sequence[PageScore]) -> dict[str, float]:
    """The shares that are reported."""
    total = {name: sum(getattr(page, name) for page in scores) for name in PageScore.__slots__}
    return {
        "pages": len(scores),
        "character_errors": round(total["character_errors"] / total["characters"], 4),
        "word_errors": round(total["word_errors"] / total["words"], 4),
        "numbers_right": round(total["numbers_right"] / total["numbers"], 4),
        "boxes_fit": round(total["boxes_fit"] / max(total["boxes"], 1), 4),
    }


def edit_distance(one: Sequence[int], other: Sequence[int]) -> int:
    """Levenshtein's distance. A row at a time: a cell is the least of the row so far plus the steps to the right."""
    first, second = np.asarray(one), np.asarray(other)
    steps = np.arange(len(second) + 1)
    row = steps.copy()
    for at, item in enumerate(first):
        best = np.concatenate([[at + 1], np.minimum(row[1:] + 1, row[:-1] + (second != item))])
        row = np.minimum.accumulate(best - steps) + steps
    return int(row[-1])


def _fits(truth: npt.NDArray[np.float64], found: npt.NDArray[np.float64]) -> bool:
    """Whether the box takes in at least half of what both boxes take in, or lies wholly within the word's own.

    A found box is tight around the letters; "a" is half as high as the line that truth counts with.
    """
    width = min(truth[2], found[2]) - max(truth[0], found[0])
    height = min(truth[3], found[3]) - max(truth[1], found[1])
    shared = max(width, 0.0) * max(height, 0.0)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (truth, found)]
    across = max(truth[2], found[2]) - min(truth[0], found[0])
    return bool(shared >= 0.8 * areas[1] and width >= _UNITS_SHARE * across)
