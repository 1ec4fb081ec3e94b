"""Choose hits from ranked passages: no word of a page twice; copies of a passage are named with it, not shown.

A copy is what stands word for word in what is shown already: every five clinical terms in a row. One number, drug or
"no" that differs makes another passage.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from assistant.domain import Hit, PageRef, Passage, Span
from assistant.evidence.sentences import Extent

_RUN_TERMS = 5
_LOOKED_THROUGH = 200
"""So many passages below the last hit are looked through for copies of the hits."""

_Run = tuple[str, ...]


def best_first(numbers: NDArray[np.intp], scores: NDArray[np.float64]) -> Iterator[tuple[int, float]]:
    """(number, score) of passages, best first; `scores[i]` belongs to the passage `numbers[i]`."""
    return ((int(numbers[place]), float(scores[place])) for place in np.argsort(-scores, kind="stable"))


def chosen(
    passages: Sequence[Passage], terms: Sequence[_Run], ranked: Iterable[tuple[int, float]], top_k: int
) -> tuple[Hit, ...]:
    """The first `top_k` of the passages that `ranked` names, each by its number with its score."""
    shown = _Shown(top_k)
    left = iter(ranked)
    while not shown.is_full and (following := next(left, None)):
        number, score = following
        shown.take(passages[number], terms[number], score)
    for number, _ in islice(left, _LOOKED_THROUGH):
        shown.note_copy(passages[number], terms[number])
    return shown.hits()


class _Shown:
    """What is shown so far, and where each of its runs of terms stands in it."""

    def __init__(self, top_k: int) -> None:
        self._top_k = top_k
        self._shown: list[tuple[Passage, float]] = []
        self._also: list[list[Span]] = []
        self._holder: dict[_Run, int] = {}
        self._on_page: dict[PageRef, list[Extent]] = {}

    @property
    def is_full(self) -> bool:
        """Whether as much is shown as was asked for."""
        return len(self._shown) >= self._top_k

    def take(self, passage: Passage, terms: _Run, score: float) -> None:
        """Show what of the passage is new: neighbours share their edges, and a copy is only named."""
        on_page = self._on_page.setdefault(passage.span.page_ref, [])
        if self.note_copy(passage, terms) or (rest := _rest(passage, on_page)) is None:
            return
        on_page.append(Extent(start=rest.span.start, end=rest.span.end))
        for run in _runs(terms):
            self._holder.setdefault(run, len(self._shown))
        self._shown.append((rest, score))
        self._also.append([])

    def note_copy(self, passage: Passage, terms: _Run) -> bool:
        """Whether all of the passage is shown; it is then named with the hit that has most of it."""
        holders = Counter[int]()
        for run in _runs(terms):
            holder = self._holder.get(run)
            if holder is None:
                return False
            holders[holder] += 1
        (holder, _), *_ = holders.most_common(1)
        if all(self._shown[one][0].span.page_ref != passage.span.page_ref for one in holders):
            self._also[holder].append(passage.span)
        return True

    def hits(self) -> tuple[Hit, ...]:
        """What is shown, in its order."""
        return tuple(
            Hit(rank=rank, score=score, passage=passage, also=tuple(also))
            for rank, ((passage, score), also) in enumerate(zip(self._shown, self._also, strict=True), start=1)
        )


def _runs(terms: _Run) -> Iterator[_Run]:
    """Every five terms in a row; a shorter passage is one run."""
    return (terms[at : at + _RUN_TERMS] for at in range(max(1, len(terms) - _RUN_TERMS + 1)))


def _rest(passage: Passage, shown: Iterable[Extent]) -> Passage | None:
    """What of `passage` is not shown yet; None if that is nothing."""
    start, end = passage.span.start, passage.span.end
    for extent in shown:
        if extent.start <= start < extent.end:
            start = extent.end
        if extent.start < end <= extent.end:
            end = extent.start
    text = passage.text[start - passage.span.start : end - passage.span.start] if start < end else ""
    if not text.strip():
        return None
    start += len(text) - len(text.lstrip())
    text = text.strip()
    return Passage(span=replace(passage.span, start=start, end=start + len(text)), text=text)
