"""Find the sentences of numbered passages that answer a question, or find that none does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray

from assistant.language_models.answerability import answers, coverage, holds_wanted
from assistant.language_models.asked import Asked, Wanted
from assistant.language_models.candidates import Candidate, NumberedPassage, candidates

Encode = Callable[[Sequence[str]], NDArray[np.float32]]

_ENCODED_CANDIDATES = 32
"""A quarter of a second on two cores."""
_COMPANIED = (Wanted.DATE, Wanted.PERSON)
_COMPANION_REACH = 3
_MOST_QUOTES = 3
_NEARLY_AS_GOOD = 0.93
# What decides the order. Words first: likeness puts every sentence about blood pressure beside every other.
_COVERED, _ALIKE, _WANTED, _RANKED = 0.5, 0.35, 0.12, 0.03


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """A candidate with what speaks for it; `companion` is a neighbour that holds the date or name it lacks itself."""

    candidate: Candidate
    covered: float
    alike: float
    has_wanted: bool
    companion: Candidate | None

    @property
    def score(self) -> float:
        """Higher is better."""
        wanted = 1.0 if self.has_wanted else 0.5 if self.companion else 0.0
        ranked = 1.0 / (1.0 + self.candidate.rank)
        return _COVERED * self.covered + _ALIKE * self.alike + _WANTED * wanted + _RANKED * ranked


def best_sentences(asked: Asked, passages: Sequence[NumberedPassage], encode: Encode) -> tuple[Candidate, ...]:
    """One to three candidates that answer, best first; none if nothing in the passages does."""
    found = candidates(passages)
    scored = _scored(asked, found, encode)
    good = [
        each for each in scored if answers(asked, each.covered, each.alike, each.has_wanted or bool(each.companion))
    ]
    return _chosen(sorted(good, key=lambda each: -each.score))


def _scored(asked: Asked, found: Sequence[Candidate], encode: Encode) -> list[Scored]:
    weights = _rarity(found)
    covered = [coverage(asked, candidate, weights) for candidate in found]
    likely = _likely(found, covered)
    if not likely:
        return []
    vectors = encode([asked.text, *(found[index].headed for index in likely)])
    alike = vectors[1:] @ vectors[0]  # [likely]
    return [
        Scored(
            candidate=found[index],
            covered=covered[index],
            alike=float(alike[at]),
            has_wanted=holds_wanted(asked.wanted, found[index]),
            companion=_companion(asked.wanted, found, index),
        )
        for at, index in enumerate(likely)
    ]


def _likely(found: Sequence[Candidate], covered: Sequence[float]) -> list[int]:
    """The candidates worth encoding: those that speak of most of what is asked, and the leading passages' own."""
    quotable = [index for index, candidate in enumerate(found) if not candidate.is_heading and candidate.terms]
    quotable.sort(key=lambda index: (-covered[index], found[index].rank))
    return quotable[:_ENCODED_CANDIDATES]


def _companion(wanted: Wanted, found: Sequence[Candidate], index: int) -> Candidate | None:
    """The nearest sentence of the same passage that holds the wanted date or name, if the candidate itself does not."""
    candidate = found[index]
    if wanted not in _COMPANIED or holds_wanted(wanted, candidate):
        return None
    near = [
        other
        for other in found
        if other.n == candidate.n
        and 0 < abs(other.place - candidate.place) <= _COMPANION_REACH
        and holds_wanted(wanted, other)
    ]
    return min(near, key=lambda other: (abs(other.place - candidate.place), other.place), default=None)


def _chosen(good: Sequence[Scored]) -> tuple[Candidate, ...]:
    """The best, what it needs beside it, and what is nearly as good, in this order and each once."""
    nearly = [each for each in good if each.score >= _NEARLY_AS_GOOD * good[0].score]
    quoted = [candidate for each in nearly for candidate in (each.candidate, each.companion) if candidate]
    return tuple(dict.fromkeys(quoted))[:_MOST_QUOTES]


def _rarity(found: Sequence[Candidate]) -> Mapping[str, float]:
    """How much each term tells apart, to 1: the rarer among the sentences, the more."""
    frequency = Counter(key for candidate in found for key in candidate.own)
    highest = log(1 + len(found)) or 1.0
    return {key: log(1 + len(found) / count) / highest for key, count in frequency.items()}
