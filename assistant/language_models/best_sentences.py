"""Find the sentences of numbered passages that answer a question, or find that none does."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray

from assistant.language_models.answerability import (
    answers,
    asks_of_another_time,
    core_coverage,
    coverage,
    dates_or_signs,
    holds_wanted,
)
from assistant.language_models.asked import Asked, Wanted
from assistant.language_models.candidates import Candidate, NumberedPassage, candidates

Encode = Callable[[Sequence[str]], NDArray[np.float32]]

_ENCODED_CANDIDATES = 24
"""A quarter of a second on two cores."""
_FILE_DATE = re.compile(r"\d{4}-\d\d")
_MOST_QUOTES = 3
_NEW_TERMS = 2
_NEARLY_AS_GOOD = 0.84
# What decides the order. Words first: likeness puts every sentence about blood pressure beside every other.
_COVERED, _ALIKE, _WANTED, _NEWS, _RANKED = 0.5, 0.3, 0.12, 0.05, 0.15
_RECENT = 0.25
_RANK_SCALE = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """A candidate with what speaks for it; `companion` is a neighbour that holds the date or name it lacks itself."""

    candidate: Candidate
    covered: float
    core_covered: float
    alike: float
    has_wanted: bool
    says_more: bool
    recent: float
    companion: Candidate | None

    @property
    def score(self) -> float:
        """Higher is better."""
        wanted = 1.0 if self.has_wanted else 0.5 if self.companion else 0.0
        ranked = _RANK_SCALE / (_RANK_SCALE + self.candidate.rank)
        told = _WANTED * wanted + _NEWS * self.says_more + _RECENT * self.recent
        return _COVERED * self.covered + _ALIKE * self.alike + told + _RANKED * ranked


def best_sentences(asked: Asked, passages: Sequence[NumberedPassage], encode: Encode) -> tuple[Candidate, ...]:
    """One to three candidates that answer, best first; none if nothing in the passages does."""
    found = candidates(passages)
    if asks_of_another_time(asked, frozenset().union(*(candidate.own | candidate.document for candidate in found))):
        return ()
    scored = _scored(asked, found, encode)
    good = [each for each in scored if _answers(asked, each)]
    return _chosen(sorted(good, key=lambda each: -each.score))


def _answers(asked: Asked, scored: Scored) -> bool:
    has_wanted = scored.has_wanted or scored.companion is not None
    return answers(asked, scored.candidate, scored.core_covered, scored.alike, has_wanted)


def _scored(asked: Asked, found: Sequence[Candidate], encode: Encode) -> list[Scored]:
    weights = _rarity(found)
    covered = [coverage(asked, candidate, weights) for candidate in found]
    likely = _likely(found, covered)
    if not likely:
        return []
    vectors = encode([asked.text, *(found[index].headed for index in likely)])
    alike = vectors[1:] @ vectors[0]  # [likely]
    recency = _recency(found) if asked.wants_latest else {}
    return [
        Scored(
            candidate=found[index],
            covered=covered[index],
            core_covered=core_coverage(asked, found[index], weights),
            alike=float(alike[at]),
            has_wanted=holds_wanted(asked.wanted, found[index]),
            says_more=asked.is_yes_or_no or _says_more(asked, found[index]),
            recent=recency.get(_date(found[index]), 0.0),
            companion=_companion(asked.wanted, found, index),
        )
        for at, index in enumerate(likely)
    ]


def _likely(found: Sequence[Candidate], covered: Sequence[float]) -> list[int]:
    """The candidates worth encoding: those that speak of most of what is asked, and the leading passages' own."""
    quotable = [index for index, candidate in enumerate(found) if not candidate.is_heading and candidate.terms]
    quotable.sort(key=lambda index: (-covered[index], found[index].rank))
    return quotable[:_ENCODED_CANDIDATES]


def _date(candidate: Candidate) -> str:
    """The date in the name of the candidate's file, or nothing."""
    return max((key for key in candidate.document if _FILE_DATE.match(key)), default="")


def _recency(found: Sequence[Candidate]) -> Mapping[str, float]:
    """For the date of each file, how late it is among them: 0 for the oldest, 1 for the newest."""
    order = sorted({date for candidate in found if (date := _date(candidate))})
    return {date: place / max(1, len(order) - 1) for place, date in enumerate(order)}


def _says_more(asked: Asked, candidate: Candidate) -> bool:
    """Whether the candidate brings anything that the question does not; naming the subject is no answer."""
    named = {key for term in asked.terms for key in (term.term.key, *term.term.parts)}
    return len(candidate.own - named) >= _NEW_TERMS


def _companion(wanted: Wanted, found: Sequence[Candidate], index: int) -> Candidate | None:
    """The line of the same passage that dates or signs it, if the candidate itself lacks the wanted date or name."""
    candidate = found[index]
    if holds_wanted(wanted, candidate):
        return None
    lines = [
        other for other in found if other.n == candidate.n and other != candidate and dates_or_signs(wanted, other)
    ]
    # A date stands above what it dates, a name below what it signs.
    side = -1 if wanted is Wanted.DATE else 1
    lines.sort(key=lambda other: ((other.place - candidate.place) * side < 0, abs(other.place - candidate.place)))
    return lines[0] if lines else None


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
