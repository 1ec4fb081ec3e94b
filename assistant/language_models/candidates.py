"""The sentences and rows of the passages that may answer, each with what stands around it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from assistant.evidence.sentences import is_heading, sentences
from assistant.evidence.terms import Term, content_terms


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberedPassage:
    """A passage under the number by which an answer cites it, best first as search gave them."""

    n: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One sentence or row, with the keys of its own terms and of what stands around it.

    `heading` holds the keys of the headings above it, `beside` those of the sentences before and after, `passage` those
    of its whole passage. `rank` is the passage's place in the search, from 0; `place` the sentence's in the passage.
    """

    n: int
    rank: int
    place: int
    text: str
    headed: str
    terms: tuple[Term, ...]
    own: frozenset[str]
    heading: frozenset[str]
    beside: frozenset[str]
    passage: frozenset[str]
    is_heading: bool


_HEADINGS_ABOVE = 2
_SPACES = re.compile(r"\s+")


def candidates(passages: Sequence[NumberedPassage]) -> tuple[Candidate, ...]:
    """All sentences and rows, each once: passages overlap, and records repeat themselves."""
    seen: set[str] = set()
    found: list[Candidate] = []
    for rank, passage in enumerate(passages):
        for candidate in _of_passage(passage, rank):
            key = " ".join(candidate.headed.split()).casefold()
            if key not in seen:
                seen.add(key)
                found.append(candidate)
    return tuple(found)


def keys(found: Sequence[Term]) -> frozenset[str]:
    """The keys by which terms are compared, those of a synonym's single words among them."""
    return frozenset(key for term in found for key in (term.key, *term.parts))


def _of_passage(passage: NumberedPassage, rank: int) -> Iterator[Candidate]:
    texts = _units(passage.text)
    terms = [content_terms(text) for text in texts]
    own = [keys(found) for found in terms]
    whole = frozenset().union(*own)
    headings: list[int] = []
    for place, text in enumerate(texts):
        above = headings[-_HEADINGS_ABOVE:]
        yield Candidate(
            n=passage.n,
            rank=rank,
            place=place,
            text=text,
            headed=": ".join([*(texts[at].rstrip(":") for at in above[-1:]), text]),
            terms=terms[place],
            own=own[place],
            heading=frozenset().union(*(own[at] for at in above)),
            beside=frozenset().union(*own[max(0, place - 1) : place + 2]),
            passage=whole,
            is_heading=is_heading(text),
        )
        if is_heading(text):
            headings = [*headings, place] if headings and headings[-1] == place - 1 else [place]


@lru_cache(maxsize=4_096)
def _units(text: str) -> tuple[str, ...]:
    return tuple(_SPACES.sub(" ", text[extent.start : extent.end]) for extent in sentences(text))
