"""Decide whether a sentence answers a question: what is asked about is there, and the kind of fact that is wanted too.

Likeness alone never answers. "What was his PSA?" is like every sentence about a blood test; only one that speaks of PSA
answers it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from assistant.evidence.terms import TermKind
from assistant.language_models.asked import Asked, AskedTerm, Wanted
from assistant.language_models.candidates import Candidate

# What a term counts by where it is found. A heading says what the rows under it are about; a neighbour nearly so.
_IN_SENTENCE, _IN_HEADING, _BESIDE, _IN_PASSAGE = 1.0, 0.9, 0.6, 0.4
_RELATED_SHARE = 0.85

ENOUGH_COVERED = 0.62
"""Two of three equally rare terms, or all of them partly in the sentence and partly around it."""
ENOUGH_ALIKE = 0.30
"""Cosine of all-MiniLM-L6-v2 below which a sentence that shares words with a question is still about something else."""

_DOSE_UNITS = {"mg", "mcg", "g", "ml", "unit", "iu", "meq", "tablet", "capsule", "puff", "drop", "mg/ml"}
_FREQUENCY_KEYS = {"daily", "twice_daily", "three_times_daily", "four_times_daily", "nightly", "weekly", "monthly"} | {
    "as_needed",
    "month",
    "week",
    "annual",
    "yearli",
}
_PERSON = re.compile(
    r"\b(?:Dr|Prof|Mr|Mrs|Ms|Miss)\.?\s+(?:[A-Z]\.?\s*)*[A-Z]\w+"
    r"|\b[A-Z]\w+,?\s+(?:MD|M\.D\.|DO|RN|NP|PA|MBBS|FRCS|FACC)\b"
    r"|\b[A-Z][a-z]+ (?:[A-Z]\. )?[A-Z][a-z]+\b"
)
_YEAR = re.compile(r"(?<![\d.,/])(?:19|20)\d\d(?![\d/]|[.,]\d)")
_AGO = re.compile(
    r"\b(?:ago|yesterday|today|since|last (?:week|month|year)|at (?:the )?age|childhood)\b", re.IGNORECASE
)
_REASON = re.compile(
    r"\b(?:because|due to|secondary to|caused by|since|owing to|on account of|as a result|for|given|after|following"
    r"|led to)\b",
    re.IGNORECASE,
)


def coverage(asked: Asked, candidate: Candidate, weights: Mapping[str, float]) -> float:
    """How much of what is asked about the candidate and its surroundings speak of: 0 to 1, rare terms counting more."""
    total = sum(_weight(term, weights) for term in asked.terms)
    held = sum(_weight(term, weights) * _held(term, candidate) for term in asked.terms)
    return held / total if total else 0.0


def holds_wanted(wanted: Wanted, candidate: Candidate) -> bool:
    """Whether the kind of fact that is wanted stands in the candidate's own words."""
    kinds = {term.kind for term in candidate.terms}
    match wanted:
        case Wanted.DATE:
            return TermKind.DATE in kinds or bool(_YEAR.search(candidate.text) or _AGO.search(candidate.text))
        case Wanted.DOSE:
            return any(term.kind is TermKind.NUMBER and term.unit in _DOSE_UNITS for term in candidate.terms)
        case Wanted.FREQUENCY:
            return bool(_FREQUENCY_KEYS & candidate.own) or any(term.unit == "time" for term in candidate.terms)
        case Wanted.NUMBER:
            return TermKind.NUMBER in kinds
        case Wanted.PERSON:
            return bool(_PERSON.search(candidate.text))
        case Wanted.REASON:
            return bool(_REASON.search(candidate.text))
        case Wanted.ANYTHING:
            return True


def answers(asked: Asked, covered: float, alike: float, has_wanted: bool) -> bool:
    """Whether the candidate is good enough to be quoted as an answer rather than to say that there is none."""
    if asked.wanted not in (Wanted.ANYTHING, Wanted.REASON) and not has_wanted:
        return False
    return covered >= ENOUGH_COVERED and alike >= ENOUGH_ALIKE


def _weight(term: AskedTerm, weights: Mapping[str, float]) -> float:
    return term.weight * weights.get(term.term.key, 1.0)


def _held(asked: AskedTerm, candidate: Candidate) -> float:
    places: Sequence[tuple[float, frozenset[str]]] = (
        (_IN_SENTENCE, candidate.own),
        (_IN_HEADING, candidate.heading),
        (_BESIDE, candidate.beside),
        (_IN_PASSAGE, candidate.passage),
    )
    exact = next((share for share, keys in places if _is_in(asked, keys)), 0.0)
    related = next((share for share, keys in places[:3] if asked.related & keys), 0.0)
    return max(exact, _RELATED_SHARE * related)


def _is_in(asked: AskedTerm, keys: frozenset[str]) -> bool:
    term = asked.term
    return term.key in keys or (bool(term.parts) and set(term.parts) <= keys)
