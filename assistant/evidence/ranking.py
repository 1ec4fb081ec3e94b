"""Score passages for a question: what they say, what their neighbours say, and what the document around them is about.

A passage of 150 words seldom names all that a question asks: the complaint stands in one, the drug given for it in the
next. So a passage is credited with a part of its neighbours' scores, and with those of its document. Measured on 156
questions about 75 visits (benchmarks/results): plain fusion of ranks finds .52 of the answers, this finds .69.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64]

POOL_PASSAGES = 200
"""Passages below this rank count as the last of these, so that a score means the same in a record of any size."""
_POOL_DOCUMENTS = 50
_NEIGHBOUR_SHARE = 0.25
_BEST_OF_DOCUMENT = 3
_DOCUMENT_PASSAGES = 16
"""A file longer than this many passages is scored in parts: a thousand scanned pages are not about one thing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How passages lie. `document[i]` is passage i's document, rising; `follows[i]`: passage i + 1 is of i's file."""

    document: NDArray[np.intp]
    follows: NDArray[np.bool_]

    def only(self, passages: NDArray[np.intp]) -> Layout:
        """The layout of some passages, given in order."""
        adjacent = np.diff(passages) == 1
        return Layout(document=self.document[passages], follows=adjacent & self.follows[passages[:-1]])


def layout(passages_by_file: Sequence[int]) -> Layout:
    """The layout of files of so many passages each, long files cut into even parts."""
    document: list[int] = []
    follows: list[bool] = []
    for count in passages_by_file:
        parts, first = max(1, round(count / _DOCUMENT_PASSAGES)), document[-1] + 1 if document else 0
        document += [first + at * parts // count for at in range(count)]
        follows += [True] * (count - 1) + [False] * (count > 0)
    return Layout(document=np.array(document, dtype=np.intp), follows=np.array(follows[:-1], dtype=np.bool_))


def combined(words: Scores, meaning: Scores, words_of_document: Scores, lying: Layout) -> Scores:
    """One score a passage: words [passages], meaning [passages] and words_of_document [documents] are of like weight.

    `words_of_document` is indexed by the numbers in `lying.document`.
    """
    own = _standing(words, POOL_PASSAGES) + _standing(meaning, POOL_PASSAGES)
    documents, document = np.unique(lying.document, return_inverse=True)
    around = (
        _standing(words_of_document[documents], _POOL_DOCUMENTS)
        + _standing(_best_of_each(meaning, document), _POOL_DOCUMENTS)
        + _standing(_best_of_each(words, document), _POOL_DOCUMENTS)
    )
    return _with_neighbours(own, lying.follows) + around[document]


def _standing(scores: Scores, pool: int) -> Scores:
    """Standard deviations that a score lies above the mean of the best `pool`; those below count as the last of it."""
    best = np.partition(scores, -pool)[-pool:] if len(scores) > pool else scores
    spread = float(best.std())
    return np.zeros(len(scores)) if spread < 1e-9 else (np.maximum(scores, best.min()) - best.mean()) / spread


def _with_neighbours(scores: Scores, follows: NDArray[np.bool_]) -> Scores:
    shared = scores.copy()
    shared[1:] += _NEIGHBOUR_SHARE * np.where(follows, scores[:-1], 0)
    shared[:-1] += _NEIGHBOUR_SHARE * np.where(follows, scores[1:], 0)
    return shared


def _best_of_each(scores: Scores, document: NDArray[np.intp]) -> Scores:
    """For each document, the sum of its best few passages' scores."""
    order = np.lexsort((-scores, document))
    starts = np.searchsorted(document[order], np.arange(document.max() + 1))
    place = np.arange(len(order)) - starts[document[order]]
    few = place < _BEST_OF_DOCUMENT
    return np.bincount(document[order][few], scores[order][few], len(starts)).astype(np.float64)
