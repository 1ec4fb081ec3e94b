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
_IN_SENTENCE, _IN_HEADING, _IN_FILE_NAME, _BESIDE, _IN_PASSAGE = 1.0, 0.9, 0.8, 0.6, 0.4
_RELATED_SHARE = 0.85

ENOUGH_COVERED = 0.62
"""Two of three equally rare terms, or all of them partly in the sentence and partly around it."""
ENOUGH_ALIKE = 0.30
"""Cosine of all-MiniLM-L6-v2 below which a sentence that shares words with a question is still about something else."""
MUCH_ALIKE = 0.5
"""From here on a sentence may tell of the same event in a word that no list of ours has."""
WELL_COVERED, HARDLY_ALIKE = 0.8, 0.1
"""A row such as "Tobacco: never" is like nothing, but all that is asked about stands in it."""

_ONLY_PREFERRED = (Wanted.ANYTHING, Wanted.REASON, Wanted.MEASURE, Wanted.PERSON)
"""No pattern knows every reason or every name, and a measure may be called normal."""
_PART_SHARE = 0.6
"""For a part of a phrase: "mean rate" where the question says heart rate."""
_SHORTEST_STEM = 4
_ENDINGS = {"ment", "ion", "ation", "ist", "al", "ic", "er", "or", "ness", "iv", "anc", "ant", "ent", "ous", "e", "i"}
_DOSE_UNITS = {"mg", "mcg", "g", "ml", "unit", "iu", "meq", "tablet", "capsule", "puff", "drop", "mg/ml"}
_TIME_UNITS = {"day", "week", "month", "year"}
_FREQUENCY_KEYS = {"daily", "twice_daily", "three_times_daily", "four_times_daily", "nightly", "weekly", "monthly"} | {
    "as_needed",
    "month",
    "week",
    "annual",
    "yearli",
}
_LINE_WORDS = 9
_TITLED = re.compile(r"\b(?:Dr|Prof|Mr|Mrs|Ms|Miss|Sister)\b\.?\s+[A-Z]|\b(?:MD|DO|RN|NP|MBBS|FRCS|FRCP)\b")
_PERSON = re.compile(
    r"\b(?:Dr|Prof|Mr|Mrs|Ms|Miss)\.?\s+(?:[A-Z]\.?\s*)*[A-Z]\w+"
    r"|\b[A-Z]\w+,?\s+(?:MD|M\.D\.|DO|RN|NP|PA|MBBS|FRCS|FACC)\b"
    r"|\b[A-Z][a-z]+ (?:[A-Z]\. )?[A-Z][a-z]+\b"
)
# Endings that the names of whole classes share (WHO's list of stems of nonproprietary names).
_DRUG_NAME = re.compile(
    r"(?:pril|sartan|olol|statin|azole|mycin|cillin|floxacin|cycline|dipine|gliptin|gliflozin|glutide|parin|xaban|gatran"
    r"|semide|thiazide|zepam|triptan|profen|setron|fenac|coxib|terol|sone|solone|mab|nib|vir|formin|gliclazide|olone)$"
)
_YEAR = re.compile(r"(?<![\d.,/])(?:19|20)\d\d(?![\d/]|[.,]\d)")
_PENDING = re.compile(
    r"\b(?:pending|awaited|awaiting|request(?:ed)?|ordered|asked for|to be (?:done|sent|booked|repeated)|will be"
    r"|(?:is|are) due|sent off"
    r"|(?:have|has) (?:asked|requested|ordered)|not yet|results? (?:to follow|awaited))\b",
    re.IGNORECASE,
)
_TODAY = re.compile(r"\btoday\b", re.IGNORECASE)
_FILE_DATE = re.compile(r"\d{4}-\d\d")
_AGO = re.compile(r"\b(?:ago|at (?:the )?age|childhood)\b", re.IGNORECASE)
_REASON = re.compile(
    r"\b(?:because|due to|secondary to|caused by|owing to|on account of|in view of|as a result|led to|therefore)\b",
    re.IGNORECASE,
)


def coverage(asked: Asked, candidate: Candidate, weights: Mapping[str, float]) -> float:
    """How much of what is asked about the candidate and its surroundings speak of: 0 to 1, rare terms counting more."""
    return _share_held(asked.terms, candidate, weights)


def core_coverage(asked: Asked, candidate: Candidate, weights: Mapping[str, float]) -> float:
    """The same of the question's subject alone: when and where it was is said elsewhere, if at all."""
    core = [term for term in asked.terms if term.is_subject and not _is_time(term)]
    return _share_held(core or asked.terms, candidate, weights)


def _share_held(terms: Sequence[AskedTerm], candidate: Candidate, weights: Mapping[str, float]) -> float:
    total = sum(_weight(term, weights) for term in terms)
    held = sum(_weight(term, weights) * _held(term, candidate) for term in terms)
    return held / total if total else 0.0


def holds_wanted(wanted: Wanted, candidate: Candidate) -> bool:
    """Whether the kind of fact that is wanted stands in the candidate's own words."""
    kinds = {term.kind for term in candidate.terms}
    match wanted:
        case Wanted.DATE:
            is_dated = TermKind.DATE in kinds or bool(_YEAR.search(candidate.text) or _AGO.search(candidate.text))
            is_dated_by_file = bool(_TODAY.search(candidate.text)) and any(map(_FILE_DATE.match, candidate.document))
            return is_dated or is_dated_by_file or any(term.unit in _TIME_UNITS for term in candidate.terms)
        case Wanted.DOSE:
            return any(term.kind is TermKind.NUMBER and term.unit in _DOSE_UNITS for term in candidate.terms)
        case Wanted.FREQUENCY:
            return bool(_FREQUENCY_KEYS & candidate.own) or any(term.unit == "time" for term in candidate.terms)
        case Wanted.NUMBER | Wanted.MEASURE:
            return TermKind.NUMBER in kinds
        case Wanted.PERSON:
            return bool(_PERSON.search(candidate.text))
        case Wanted.REASON:
            return bool(_REASON.search(candidate.text))
        case Wanted.MEDICINE:
            return any(term.unit in _DOSE_UNITS or _DRUG_NAME.search(term.word) for term in candidate.terms)
        case Wanted.ANYTHING:
            return True


def dates_or_signs(wanted: Wanted, candidate: Candidate) -> bool:
    """Whether the candidate only dates or signs what stands near it: "Date: 14 March 2023", "Dr. Maarja Kask"."""
    if wanted is Wanted.PERSON:
        return bool(_TITLED.search(candidate.text)) and len(candidate.text.split()) <= _LINE_WORDS
    is_dated = any(term.kind is TermKind.DATE for term in candidate.terms)
    return wanted is Wanted.DATE and is_dated and len(candidate.text.split()) <= _LINE_WORDS


def answers(asked: Asked, candidate: Candidate, covered: float, alike: float, has_wanted: bool) -> bool:
    """Whether the candidate is good enough to be quoted as an answer rather than to say that there is none."""
    if asked.wanted not in _ONLY_PREFERRED and not has_wanted:
        return False
    if is_too_early(asked, candidate):
        return False
    if asked.wants_outcome and _PENDING.search(candidate.text):
        return False
    if alike < MUCH_ALIKE and misses_event(asked, candidate):
        return False
    return alike >= (HARDLY_ALIKE if covered >= WELL_COVERED else ENOUGH_ALIKE) and covered >= ENOUGH_COVERED


def misses_event(asked: Asked, candidate: Candidate) -> bool:
    """Whether what happened in the question (stopped, replaced, admitted) is neither in the candidate nor near it."""
    return any(term.is_event and _held(term, candidate) < _BESIDE * _RELATED_SHARE for term in asked.terms)


def asks_of_another_time(asked: Asked, known: frozenset[str]) -> bool:
    """Whether the question names a date or year that stands nowhere among the `known` keys."""
    return any(_is_time(term) and not _is_in(term, known) for term in asked.terms)


def is_too_early(asked: Asked, candidate: Candidate) -> bool:
    """Whether the candidate's document, by the date in its name, is older than the time the question asks of."""
    written = max((key for key in candidate.document if _FILE_DATE.match(key)), default="")
    times = [term.term.key for term in asked.terms if _is_time(term)]
    return bool(written) and any(written[: len(time)] < time for time in times)


def _is_time(asked: AskedTerm) -> bool:
    return asked.term.kind is TermKind.DATE or bool(_YEAR.fullmatch(asked.term.key))


def _weight(term: AskedTerm, weights: Mapping[str, float]) -> float:
    return term.weight * weights.get(term.term.key, 1.0)


def _held(asked: AskedTerm, candidate: Candidate) -> float:
    places: Sequence[tuple[float, frozenset[str]]] = (
        (_IN_SENTENCE, candidate.own),
        (_IN_HEADING, candidate.heading),
        (_IN_FILE_NAME, candidate.document),
        (_BESIDE, candidate.beside),
        (_IN_PASSAGE, candidate.passage),
    )
    exact = next((share for share, keys in places if _is_in(asked, keys)), 0.0)
    related = next((share for share, keys in places if any(group <= keys for group in asked.related)), 0.0)
    parts = asked.term.parts
    partly = len(set(parts) & candidate.own) / len(parts) if parts else 0.0
    return max(exact, _RELATED_SHARE * related, _PART_SHARE * partly)


def _is_in(asked: AskedTerm, keys: frozenset[str]) -> bool:
    term = asked.term
    if term.key in keys or (term.parts and set(term.parts) <= keys):
        return True
    if _is_time(asked):
        # The whole year or month is asked for: any day in it will do.
        return any(key.startswith(f"{term.key}-") for key in keys)
    return term.kind is TermKind.WORD and any(_is_derived(term.key, key) for key in keys)


def _is_derived(one: str, other: str) -> bool:
    """Whether one stem is the other with an ending that changes only the part of speech: place, placement."""
    short, long = sorted((one, other), key=len)
    return len(short) >= _SHORTEST_STEM and long.startswith(short) and long[len(short) :] in _ENDINGS
