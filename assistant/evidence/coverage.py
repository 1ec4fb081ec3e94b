"""Order passages for a broad question: from every document that speaks of its topic, the most recent first.

"Any allergies?" is not answered by the ten passages that are most like it: they may all be of one visit. So each
document gives its best passage before any gives a second one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from assistant.domain import DocumentKind
from assistant.evidence.passage_context import PassageContext
from assistant.evidence.synonyms import stem

_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """What a broad question is about: the stems of headings over it, and the kinds of documents made for it.

    A topic without both is everything. `query` finds it where no heading says so.
    """

    query: str
    headings: frozenset[str] = frozenset()
    kinds: frozenset[DocumentKind] = frozenset()

    @property
    def is_everything(self) -> bool:
        """Whether every passage is of this topic."""
        return not self.headings and not self.kinds

    def has(self, context: PassageContext) -> bool:
        """Whether a passage in this context is of the topic: by its document's kind or by a heading over or in it."""
        if self.is_everything or context.kind in self.kinds:
            return True
        return any(not self.headings.isdisjoint(_stems(heading)) for heading in (context.section, *context.headings))


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A scored passage: its number, the number of its document in the record, and where it stands."""

    number: int
    score: float
    document: int
    context: PassageContext


def spread(candidates: Sequence[Candidate], topic: Topic, fewest: int) -> Iterator[tuple[int, float]]:
    """(number, score) of all candidates of the topic, by turns from each document; of others only to make `fewest`."""
    of_topic = [one for one in candidates if topic.has(one.context)]
    others = [one for one in candidates if not topic.has(one.context)]
    more = islice(_by_turns(others, _best_first(others)), max(0, fewest - len(of_topic)))
    for one in (*_by_turns(of_topic, _most_recent_first(of_topic)), *more):
        yield one.number, one.score


def _by_turns(candidates: Iterable[Candidate], documents: Sequence[int]) -> Iterator[Candidate]:
    """The best candidate of each document, in the order of `documents`, then the second best of each, and so on."""
    place = {document: at for at, document in enumerate(documents)}
    by_document = _best_of_each(candidates)
    turns = [(turn, place[one.document], one) for ranked in by_document.values() for turn, one in enumerate(ranked)]
    return (one for _, _, one in sorted(turns, key=lambda entry: entry[:2]))


def _best_of_each(candidates: Iterable[Candidate]) -> Mapping[int, Sequence[Candidate]]:
    found: dict[int, list[Candidate]] = {}
    for one in sorted(candidates, key=lambda one: -one.score):
        found.setdefault(one.document, []).append(one)
    return found


def _most_recent_first(candidates: Iterable[Candidate]) -> list[int]:
    """Documents by their date, those without one last; of one day, the one that was added last comes first."""
    dates = {one.document: one.context.date or "" for one in candidates}
    return sorted(dates, key=lambda document: (dates[document], document), reverse=True)


def _best_first(candidates: Iterable[Candidate]) -> list[int]:
    return list(_best_of_each(candidates))


@lru_cache(maxsize=4_096)
def _stems(heading: str) -> frozenset[str]:
    return frozenset(topic_stem(word) for word in _WORD.findall(heading.lower()))


def topic_stem(word: str) -> str:
    """The stem of a lower-case word of a heading; "medical" is kept, for its stem is that of "medication"."""
    return word if word == "medical" else stem(word)
