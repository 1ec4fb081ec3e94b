"""Understand what a question asks: its terms, the words that may answer them, and the kind of fact that is wanted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from assistant.evidence.synonyms import stem
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
    MEDICINE = "medicine"
    MEASURE = "measure"
    ANYTHING = "anything"


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedTerm:
    """One thing that the question speaks of. `weight` is 1 or less; an event is what happened to the rest."""

    term: Term
    related: frozenset[frozenset[str]]
    weight: float
    is_event: bool
    is_circumstance: bool

    @property
    def is_subject(self) -> bool:
        """Whether it belongs to what the question is about, not to how, when or where it asks."""
        return self.weight > _FRAME_WEIGHT and not self.is_circumstance


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question as the reader understands it; `text` is what is searched by meaning.

    `is_yes_or_no`: an answer may say nothing but what the question says. `wants_outcome`: what was found is asked for,
    so that a plan to look for it is no answer.
    """

    text: str
    terms: tuple[AskedTerm, ...]
    wanted: Wanted
    wants_latest: bool
    is_yes_or_no: bool
    wants_outcome: bool


# "when she came in" asks for no date.
_LEADING = r"(?<![^\W_] )(?<!, )"
# Tried in order; the first that matches decides.
_KINDS = {
    Wanted.FREQUENCY: r"how (?:often|frequently)|how many times|frequency",
    Wanted.DOSE: r"dos(?:e|es|age|ing)|how many (?:mg|milligrams|mcg|micrograms)|strength",
    Wanted.DATE: rf"{_LEADING}when|since when|(?:what|which|on what|on which) (?:date|day|year|month)|date"
    r"|how long ago",
    Wanted.PERSON: rf"{_LEADING}who(?:se|m)?"
    r"|(?:which|what) (?:doctor|surgeon|physician|nurse|consultant|specialist|\w+ist|gp)",
    Wanted.NUMBER: r"how (?:many|high|low|old|long|tall|big|large|heavy|far|much)|value|level|count|percentage|score"
    r"|size|reading|weigh|(?:tele)?phone number",
    Wanted.MEDICINE: r"(?:what|which) (?:\w+ )?(?:medicines?|medications?|drugs?|tablets?|antibiotics?"
    r"|inhalers?|injections?|pills?)",
    Wanted.MEASURE: r"(?:what|how) (?:was|is|were|are)\b.*\b(?:weight|height|temperature|pressure|pulse|rate|saturation"
    r"|fraction|creatinine|e?gfr|potassium|sodium|h[a]?emoglobin|ferritin|glucose|hba1c|a1c|tsh|cholesterol|inr|troponin"
    r"|crp|clearance|lactate|platelets?|bmi|target|range|limit)",
    Wanted.REASON: rf"{_LEADING}why|reasons?|what caused|cause of",
}
_LATEST = re.compile(
    r"\b(?:latest|last|most recent(?:ly)?|newest|current(?:ly)?|now|at present"
    r"|(?:is|are) (?:she|he|they|the patient) (?:still |now )?(?:taking|on)|what is (?:her|his|the))\b",
    re.IGNORECASE,
)
_OUTCOME = re.compile(
    r"\b(?:results?|show(?:ed|n)?|find|found|findings?|reveal(?:ed)?|(?:what|how \w+) (?:was|were|is|did)|which)\b",
    re.IGNORECASE,
)
_YES_OR_NO = re.compile(r"\W*(?:is|are|was|were|has|have|had|does|do|did|can|could|any)\b", re.IGNORECASE)
# Words that ask and name nothing to be found.
_FRAME_WORDS = """
    what which how much many often long dose dosage date day year month time value level read number name kind type
    most recent latest last current now present ever tell show find give list record document mention know inform
    happen exact old ago done do get got go made make taken take use have reason cause why there any all detail
    about doctor say written please should may might must would alone can could did first total amount frequency
    percentage count score after before during with without under between anyone anybody someone anything something
    actually really exactly gone become became lasted took gave told saw
"""
_FRAME = frozenset(stem(word) for word in _FRAME_WORDS.split())
# Words for what is done with a thing. An answer often uses another, so the thing itself must count more.
_ACTION_WORDS = """
    be being been check sent send seen see come came back put place need continue give given receive carry go went
    arrange visit treat suggest ask decide develop suffer experience feel felt complain trouble difficulty problem
    issue lose lost loss gain help allow prefer want like call ring contact kept keep held hold left leave return
    live work able result found reveal confirm agree refuse decline explain new previous origin early late initial
    final whole main usual regular still again since patient person it she he function status condition history talk
    speak spoke review write wrote state think believe expect try measure include prescribe order request perform
    undergo underwent recommend advise discuss plan diagnose
"""
_EVENT_WORDS = """
    start stop begin begun change refer admit discharge replace switch reduce lower raise adjust off test
    examination investigation
"""
_ACTIONS = frozenset(stem(word) for word in _ACTION_WORDS.split())
_EVENTS = frozenset(stem(word) for word in _EVENT_WORDS.split())
_FRAME_WEIGHT = 0.15
_ACTION_WEIGHT = 0.25
_EVENT_WEIGHT = 0.6
_EARLIER_WEIGHT = 0.7
_NAME_WEIGHT = 0.3
_CIRCUMSTANCE_SHARE = 0.5
"""For what follows "after", "during", "in": an answer seldom repeats when and where it was."""
_CIRCUMSTANCE = re.compile(
    r"\b(?:after|before|during|in|on|at|from|since|until|by|while|when)\s+(?!the (?:left|right)\b)"
)
_SHORT_TERMS = 1
_REFERRING = re.compile(r"\b(?:it|that|this|these|those|them|one)\b", re.IGNORECASE)
_CONTINUING = re.compile(r"^\W*(?:and|but|or|so|what about|how about)\b", re.IGNORECASE)
_NEXT_CLAUSE = re.compile(r",?\s+and\s+(?:for\s+)?(?:how|when|where|what|which|who|why)\b", re.IGNORECASE)
_HOW = re.compile(r"\bhow\s+$", re.IGNORECASE)
_TITLE = re.compile(r"\b(?:mr|mrs|ms|miss)\.?\s+$", re.IGNORECASE)


def word_weights() -> dict[str, float]:
    """How much the listed words of questions count, less than 1: they ask, or say what is done with a thing."""
    lists = ((_EVENT_WORDS, _EVENT_WEIGHT), (_ACTION_WORDS, _ACTION_WEIGHT), (_FRAME_WORDS, _FRAME_WEIGHT))
    return {word: weight for words, weight in lists for word in words.split()}


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
        wants_outcome=bool(_OUTCOME.search(question)),
        is_yes_or_no=bool(_YES_OR_NO.match(question)),
    )


def _wanted(question: str) -> Wanted:
    """The kind of fact that the question's first clause asks for; what it asks besides must not stand in the way."""
    if _YES_OR_NO.match(question):
        return Wanted.ANYTHING
    question = _CONTINUING.sub("", question[: _next_clause(question)]).strip()
    kinds = (kind for kind, form in _KINDS.items() if re.search(rf"\b(?:{form})\b", question, re.IGNORECASE))
    return next(kinds, Wanted.ANYTHING)


def _next_clause(question: str) -> int:
    """Where a second question begins in the first's sentence: "..., and how long did it last?"."""
    found = _NEXT_CLAUSE.search(question)
    return found.start() if found else len(question)


def _leans(question: str, own: Sequence[AskedTerm]) -> bool:
    named = [asked for asked in own if asked.weight > _FRAME_WEIGHT]
    if not named or _CONTINUING.match(question):
        return True
    return len(named) <= _SHORT_TERMS and bool(_REFERRING.search(question))


def _asked_terms(question: str, weight: float) -> tuple[AskedTerm, ...]:
    found = content_terms(question)
    keys = [term.key for term in found]
    aside = _circumstance(question, found)
    return tuple(
        AskedTerm(
            term=term,
            related=_related(keys, index),
            weight=weight * _share(question, term) * (_CIRCUMSTANCE_SHARE if index >= aside else 1.0),
            is_event=term.kind is TermKind.WORD and term.key in _EVENTS,
            is_circumstance=index >= aside,
        )
        for index, term in enumerate(found)
    )


def _circumstance(question: str, found: Sequence[Term]) -> int:
    """From which term on the question only says when or where: after the first such word with a subject before it."""
    marks = sorted([mark.start() for mark in _CIRCUMSTANCE.finditer(question)] + [_next_clause(question)])
    for start in marks:
        subjects = [index for index, term in enumerate(found) if term.start < start]
        if any(_share(question, found[index]) == 1.0 for index in subjects):
            return max(subjects) + 1
    return len(found)


def _share(question: str, term: Term) -> float:
    if term.kind is TermKind.WORD and term.key in _FRAME:
        return _FRAME_WEIGHT
    if term.kind is TermKind.WORD and term.key in _ACTIONS:
        return _ACTION_WEIGHT
    if term.kind is TermKind.WORD and term.key in _EVENTS:
        return _EVENT_WEIGHT
    # "How bad", "how low": the answer is a number or another word.
    if _HOW.search(question[: term.start]):
        return _FRAME_WEIGHT
    # The patient's own name is on every page and answers nothing.
    if _TITLE.search(question[: term.start]) or question[term.end : term.end + 2] in ("'s", "’s"):
        return _NAME_WEIGHT
    return 1.0


def _related(keys: Sequence[str], index: int) -> frozenset[frozenset[str]]:
    """What the word answers to, alone and with its neighbours ("kidney function")."""
    table = related_keys()
    firsts, lasts = range(max(0, index - 2), index + 1), range(index + 1, index + 4)
    runs = (" ".join(keys[first:last]) for first in firsts for last in lasts)
    return frozenset(group for run in runs for group in table.get(run, frozenset()))
