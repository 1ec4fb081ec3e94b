"""Where a statement and the words it cites part: one function a rule, each giving reasons fit for the screen.

Words that take a meaning from what stands beside them (a number, a side, a direction) must stand beside the same thing
in both texts. What no rule recognizes as said by the cited words counts as a disagreement: silence is never proof.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from assistant.evidence.scopes import Standing, StandingTerm, standing_terms
from assistant.evidence.sentences import is_row
from assistant.evidence.synonyms import stem
from assistant.evidence.terms import Term, TermKind, terms
from assistant.evidence.units import is_same_amount


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One stretch of text read for comparison: its content terms, their standing, and what each stands beside."""

    text: str
    content: tuple[StandingTerm, ...]
    keys: frozenset[str]
    beside: dict[int, frozenset[str]]

    def word(self, term: Term) -> str:
        """The term as it is written."""
        return " ".join(self.text[term.start : term.end].split())


Rule = Callable[[Reading, Sequence[Reading]], Iterator[str]]

_SIDES = frozenset({"left", "right"})
# Words whose meaning hangs on their neighbour; their opposite may stand in the same sentence about something else.
_FREQUENCIES = frozenset(
    ["daily", "twice_daily", "three_times_daily", "four_times_daily", "nightly", "weekly", "monthly"]
)
_DIRECTIONS = """
    upper lower increased decreased high low normal abnormal mild moderate severe acute chronic positive negative
    start stop continue worse better more less first last before after anterior posterior medial lateral proximal distal
    mother father sister brother son daughter aunt uncle
"""
_ATTACHED = _SIDES | _FREQUENCIES | {stem(word) for word in _DIRECTIONS.split()}
# Too common beside a number to tell which thing it belongs to.
_GENERIC = _FREQUENCIES | {"as_needed", "by_mouth", "take", "tablet", "dose", "male", "femal", "old"}
_NEIGHBOURS = 3
_ROW_FLAG = re.compile(r"\s(?P<flag>HH?|LL?)\*?\s*$")
_FLAG_KEYS = {"H": "high", "L": "low"}


@lru_cache(maxsize=4_096)
def read(text: str) -> Reading:
    """`text`, one sentence or row or a few in a row, read for comparison."""
    content = standing_terms(text)
    keys = {key for term in content for key in (term.term.key, *term.term.parts)}
    return Reading(text=text, content=content, keys=frozenset(keys | _row_flag(text)), beside=_beside(text))


def disagreements(statement: Reading, evidence: Sequence[Reading]) -> tuple[str, ...]:
    """Every reason why `evidence`, taken together, does not prove `statement`; none when it does."""
    if not statement.content:
        return ("it says nothing that can be checked",)
    return tuple(dict.fromkeys(reason for rule in RULES for reason in rule(statement, evidence)))


def is_covered(term: Term, evidence: Reading) -> bool:
    """Whether the evidence holds the term: itself, a synonym, or all the words it is made of."""
    if term.kind is TermKind.NUMBER:
        return any(_same_number(term, other.term) for other in evidence.content)
    if term.date is not None:
        return any(other.term.date and term.date.is_proven_by(other.term.date) for other in evidence.content)
    return term.key in evidence.keys or (bool(term.parts) and set(term.parts) <= evidence.keys)


def missing_numbers(statement: Reading, evidence: Sequence[Reading]) -> Iterator[str]:
    """Every number stands in the cited words, with the same unit if the statement gives one."""
    for standing in statement.content:
        term = standing.term
        if term.kind is not TermKind.NUMBER or any(is_covered(term, reading) for reading in evidence):
            continue
        known = any(term.key == other.term.key for reading in evidence for other in reading.content)
        what = "the unit of" if known else "the number"
        yield f"{what} “{statement.word(term)}” is not in the cited words"


def missing_dates(statement: Reading, evidence: Sequence[Reading]) -> Iterator[str]:
    """Every date stands in the cited words, at least as exactly and readable in one way only."""
    for standing in statement.content:
        if standing.term.kind is TermKind.DATE and not any(is_covered(standing.term, reading) for reading in evidence):
            yield f"the date “{statement.word(standing.term)}” is not in the cited words"


def missing_words(statement: Reading, evidence: Sequence[Reading]) -> Iterator[str]:
    """Every word of content (drug, finding, side, name) stands in the cited words, itself or by a synonym."""
    for standing in statement.content:
        if standing.term.kind is TermKind.WORD and not any(is_covered(standing.term, reading) for reading in evidence):
            yield f"“{statement.word(standing.term)}” is not in the cited words"


def other_standing(statement: Reading, evidence: Sequence[Reading]) -> Iterator[str]:
    """What the record denies, doubts or says of a relative is not stated plainly of the patient."""
    for standing in statement.content:
        found = [
            other.standing for reading in evidence for other in reading.content if _same(standing.term, other.term)
        ]
        if found and not any(_is_compatible(standing.standing, other) for other in found):
            yield _standing_reason(statement.word(standing.term), standing.standing, found)


def other_neighbour(statement: Reading, evidence: Sequence[Reading]) -> Iterator[str]:
    """A number, side or direction stands beside the same thing as in the cited words."""
    for start, beside in statement.beside.items():
        term = next((standing.term for standing in statement.content if standing.term.start == start), None)
        if term is None or not beside:
            continue
        places = [
            reading.beside.get(other.term.start, frozenset())
            for reading in evidence
            for other in reading.content
            if _same(term, other.term)
        ]
        if places and not any(beside & place for place in places):
            yield f"“{statement.word(term)}” belongs to something else in the cited words"


def said_more_often(statement: Reading, evidence: Sequence[Reading]) -> Iterator[str]:
    """No word of content stands more often than in the cited words: "left worse than left" is not theirs."""
    stated = Counter(standing.term.key for standing in statement.content)
    cited = Counter(
        key for reading in evidence for other in reading.content for key in (other.term.key, *other.term.parts)
    )
    for standing in statement.content:
        key = standing.term.key
        if 0 < cited[key] < stated[key]:
            yield f"“{statement.word(standing.term)}” stands more often than in the cited words"


RULES: tuple[Rule, ...] = (
    missing_numbers,
    missing_dates,
    missing_words,
    other_standing,
    other_neighbour,
    said_more_often,
)


def said_around(framing: Reading, evidence: Sequence[Reading]) -> tuple[str, ...]:
    """What words around a quotation say that `evidence` does not: numbers, dates, sides, relatives, denials."""
    rules = (missing_numbers, missing_dates, other_standing, other_neighbour)
    attached = (
        f"“{framing.word(standing.term)}” is not in the cited words"
        for standing in framing.content
        if standing.term.key in _ATTACHED and not any(is_covered(standing.term, reading) for reading in evidence)
    )
    return tuple(dict.fromkeys((*(reason for rule in rules for reason in rule(framing, evidence)), *attached)))


def _same_number(term: Term, other: Term) -> bool:
    if term.kind is not other.kind:
        return False
    if term.unit is None:
        return term.key == other.key
    return is_same_amount(term.key, term.unit, other.key, other.unit)


def _same(term: Term, other: Term) -> bool:
    if term.kind is TermKind.NUMBER:
        return _same_number(term, other)
    return term.key == other.key or other.key in term.parts or term.key in other.parts


def _is_compatible(stated: Standing, cited: Standing) -> bool:
    if stated.denied != cited.denied:
        return False
    return not (cited.doubted and not stated.doubted) and not (cited.of_relative and not stated.of_relative)


def _standing_reason(word: str, stated: Standing, cited: Sequence[Standing]) -> str:
    if all(standing.denied != stated.denied for standing in cited):
        return f"the cited words {'affirm' if stated.denied else 'deny'} “{word}”"
    if all(standing.of_relative and not stated.of_relative for standing in cited):
        return f"the cited words say “{word}” of a relative"
    return f"the cited words are not certain of “{word}”"


def _row_flag(text: str) -> set[str]:
    match = _ROW_FLAG.search(text)
    return {_FLAG_KEYS[match["flag"][0]]} if match and is_row(text) else set()


def _beside(text: str) -> dict[int, frozenset[str]]:
    """For each number and attached word, by its start: the keys of the nearest words of content on both sides."""
    found = terms(text)
    words = [term.word for term in found]
    return {
        term.start: frozenset(_neighbours(found, words, index, -1)) | frozenset(_neighbours(found, words, index, 1))
        for index, term in enumerate(found)
        if term.kind is TermKind.NUMBER or term.key in _ATTACHED
    }


def _neighbours(found: Sequence[Term], words: Sequence[str], index: int, step: int) -> Iterator[str]:
    anchor, left = found[index], _NEIGHBOURS
    at = index + step
    while 0 <= at < len(found) and left:
        term = found[at]
        if _ends_neighbourhood(anchor, term, words[at], step):
            return
        if term.is_content and term.key not in _GENERIC:
            left -= 1
            yield from (term.key, *term.parts)
        at += step


def _ends_neighbourhood(anchor: Term, term: Term, word: str, step: int) -> bool:
    if term.kind is TermKind.NUMBER and anchor.kind is TermKind.NUMBER:
        return True
    if anchor.key in _SIDES and term.key in _SIDES:
        return True
    if term.kind is TermKind.BREAK:
        # "Lisinopril, 20 mg": the name may stand before a comma, what follows one is another thing.
        return word in ".;!?" or (word == "," and not (step < 0 and anchor.kind is TermKind.NUMBER))
    return word in ("and", "or", "but") and not (step < 0 and anchor.kind is TermKind.NUMBER)
