"""Understand what a question asks: its terms, the words that may answer them, and the kind of fact that is wanted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from assistant.evidence.terms import Term, TermKind, content_terms
from assistant.language_models.lay_words import related_keys


class Wanted(StrEnum):
    """The kind of fact that must stand in an answer."""

    DATE = "date"
    DOSE = "dose"
    FREQUENCY = "frequency"
    NUMBER = "number"
    PERSON = "person"
    REASON = "reason"
    ANYTHING = "anything"


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedTerm:
    """One thing that the question speaks of. `weight` is 1, less for words of the frame or of an earlier question."""

    term: Term
    related: frozenset[str]
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question as the reader understands it; `text` is what is searched by meaning."""

    text: str
    terms: tuple[AskedTerm, ...]
    wanted: Wanted
    wants_latest: bool


# Tried in order; the first that matches decides.
_KINDS = {
    Wanted.FREQUENCY: r"how (?:often|frequently)|how many times|frequency",
    Wanted.DOSE: r"dos(?:e|es|age|ing)|how (?:much|many (?:mg|milligrams|mcg))(?!.*\b(?:weigh|drink|smoke|alcohol))"
    r"|strength",
    Wanted.DATE: r"when|(?:what|which|on what|on which) (?:date|day|year|month)|date|how long ago",
    Wanted.PERSON: r"who(?:se|m)?"
    r"|(?:which|what) (?:doctor|surgeon|physician|nurse|consultant|specialist|\w+ist|gp)",
    Wanted.NUMBER: r"how (?:many|high|low|old|long|tall|big|large|heavy|far|much)|value|level|count|percentage|score"
    r"|size|reading|weigh|(?:tele)?phone number",
    Wanted.REASON: r"why|reasons?|what caused|cause of",
}
_LATEST = re.compile(r"\b(?:latest|last|most recent(?:ly)?|newest|current(?:ly)?|now|at present)\b", re.IGNORECASE)
# Words that ask and name nothing to be found.
_FRAME_WORDS = """
    what which how much many often long dose dosag date day year month time valu level read number name kind type most
    recent latest last current now present ever tell show find give list record document mention know inform happen exact
    old ago done do get got go made make taken take use have reason caus whi why there ani all detail about doctor say
    written please pleas can could did first total amount frequenc percentag count score
"""
_FRAME = frozenset(_FRAME_WORDS.split())
_FRAME_WEIGHT = 0.15
_EARLIER_WEIGHT = 0.7
_NAME_WEIGHT = 0.3
_SHORT_TERMS = 1
_REFERRING = re.compile(r"\b(?:it|that|this|these|those|them|one)\b", re.IGNORECASE)
_CONTINUING = re.compile(r"^\W*(?:and|but|or|so|what about|how about)\b", re.IGNORECASE)
_TITLE = re.compile(r"\b(?:mr|mrs|ms|miss)\.?\s+$", re.IGNORECASE)


def understand(question: str, earlier_questions: Sequence[str] = ()) -> Asked:
    """The question with, if it leans on one, the last earlier question that stands alone."""
    own = _asked_terms(question, 1.0)
    text = question
    if _leans(question, own):
        earlier = next((past for past in reversed(earlier_questions) if not _leans(past, _asked_terms(past, 1.0))), "")
        known = {asked.term.key for asked in own}
        own += tuple(asked for asked in _asked_terms(earlier, _EARLIER_WEIGHT) if asked.term.key not in known)
        text = f"{earlier} {question}".strip()
    return Asked(
        text=text,
        terms=own,
        wanted=_wanted(question),
        wants_latest=bool(_LATEST.search(question)),
    )


def _wanted(question: str) -> Wanted:
    kinds = (kind for kind, form in _KINDS.items() if re.search(rf"\b(?:{form})\b", question, re.IGNORECASE))
    return next(kinds, Wanted.ANYTHING)


def _leans(question: str, own: Sequence[AskedTerm]) -> bool:
    named = [asked for asked in own if asked.weight > _FRAME_WEIGHT]
    if not named or _CONTINUING.match(question):
        return True
    return len(named) <= _SHORT_TERMS and bool(_REFERRING.search(question))


def _asked_terms(question: str, weight: float) -> tuple[AskedTerm, ...]:
    found = content_terms(question)
    keys = [term.key for term in found]
    return tuple(
        AskedTerm(term=term, related=_related(keys, index), weight=weight * _share(question, term))
        for index, term in enumerate(found)
    )


def _share(question: str, term: Term) -> float:
    if term.kind is TermKind.WORD and term.key in _FRAME:
        return _FRAME_WEIGHT
    # The patient's own name is on every page and answers nothing.
    if _TITLE.search(question[: term.start]) or question[term.end : term.end + 2] in ("'s", "’s"):
        return _NAME_WEIGHT
    return 1.0


def _related(keys: Sequence[str], index: int) -> frozenset[str]:
    """What the word answers to, alone and with its neighbours ("kidney function")."""
    table = related_keys()
    runs = (
        " ".join(keys[first:last]) for first in range(max(0, index - 1), index + 1) for last in (index + 1, index + 2)
    )
    return frozenset().union(*(table.get(run, frozenset()) for run in runs))
