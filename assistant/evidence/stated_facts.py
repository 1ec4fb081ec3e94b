"""The few facts in a sentence or row that another one can contradict: allergies, doses, values, sides.

Only what is said plainly of the patient counts, in the present and once: a sentence that tells of a change ("from 5 to
10 mg"), of another time ("previously", "on admission") or of a mistake gives none, nor does what is not recognized.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from assistant.evidence.scopes import StandingTerm, standing_terms
from assistant.evidence.synonyms import stem
from assistant.evidence.terms import Term, TermKind, terms


class FactKind(StrEnum):
    """What can be contradicted."""

    ALLERGY = "allergy"
    DOSE = "dose"
    VALUE = "value"
    SIDE = "side"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """`about` is the substance, drug, quantity or place; `said` what is stated of it, `unit` its unit if it has one.

    `context` are the other words that make it comparable; `day` the one full date that the sentence states.
    """

    kind: FactKind
    about: str
    said: str
    unit: str | None = None
    context: frozenset[str] = frozenset()
    day: str | None = None
    is_dated: bool = False


ANY_SUBSTANCE = "any substance"
ANY_DRUG = "any drug"
ALLERGIC, NOT_ALLERGIC = "allergic", "not allergic"

# A sentence with one of these tells of several states, of another time, or of a mistake.
_MANY_STATES = frozenset(
    stem(word)
    for word in """
    wrong incorrect error mistake corrected amended annotated crossed previously previous formerly former past history
    was were had until before after then initially later repeat repeated again rose risen raised fell fallen dropped
    increased decreased reduced lowered changed switched titrated stop stopped discontinued held withheld replaced start
    started restart restarted instead planned plan consider peak peaked nadir lowest highest arrival admission discharge
    leaving overnight morning evening noon bedtime total target goal range normal reference if
    """.split()
)
_ALLERGY = r"allerg(?:y|ies|ic)"
_SUBSTANCE = r"(?P<substance>[a-z][a-z-]{3,})"
_ALLERGY_FORMS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        rf"\b{_ALLERGY}(?:\s+(?:to|status))?\s*:?\s+(?:to\s+)?{_SUBSTANCE}",
        rf"\b{_SUBSTANCE}\s+{_ALLERGY}\b",
        rf"\b{_SUBSTANCE}\s*(?:[:\t–-]|\()\s*anaphyla",
        rf"\banaphyla\w+\s+to\s+{_SUBSTANCE}",
    )
)
_NONE_KNOWN = re.compile(
    r"\bno\s+(?:known\s+)?(?P<drug>drug\s+|medication\s+|medicine\s+)?allergies\b|\b(?P<nkda>NKDA)\b|\bNKA\b"
    r"|\ballergies\s*:?\s*(?:none|nil)\b",
    re.IGNORECASE,
)
_NO_SUBSTANCE = frozenset(
    """
    allergy allergies allergic known drug drugs medication medications medicine food seasonal none status reaction
    severe other with this that there documented recorded reported multiple several environmental history read patient
    clinic
    """.split()
)
_DRUG_ENDINGS = (
    *(
        "cillin",
        "cillins",
        "mycin",
        "floxacin",
        "cycline",
        "prim",
        "sulfa",
        "azole",
        "statin",
        "pril",
        "sartan",
        "olol",
    ),
    *("caine", "codeine", "morphine", "aspirin", "profen", "naproxen", "oxone", "idone", "parin", "metformin", "zepam"),
)
_DRUG_BEGINNINGS = ("cef", "ceph", "sulf", "penicill")
_DOSE_UNITS = {"mg": 1_000.0, "mcg": 1.0, "g": 1_000_000.0}
_QUANTITIES = frozenset(
    """
    sodium potassium creatinine ferritin glucose urea albumin calcium magnesium phosphate bilirubin platelets lactate
    cholesterol triglycerides troponin urate hemoglobin hemoglobin_a1c c_reactive_protein international_normalized_ratio
    thyroid_stimulating_hormone white_blood_cell_count estimated_glomerular_filtration_rate blood_urea_nitrogen
    prostate_specific_antigen low_density_lipoprotein high_density_lipoprotein erythrocyte_sedimentation_rate
    ejection_fraction hematocrit
    """.split()
)
_QUANTITY_KEYS = _QUANTITIES | {stem(word) for word in _QUANTITIES if "_" not in word}
_SIDES = frozenset({"left", "right"})
_TIME = re.compile(r"\b\d{1,2}[:.]\d\d\s*(?:am|pm|h)?\b|\b\d{1,2}\s*(?:am|pm)\b", re.IGNORECASE)
_RANGE_OR_ARROW = re.compile(r"→|->|=>|\d\s*[-–]\s*\d|\bto\b\s*\d")


def stated_facts(text: str) -> tuple[Fact, ...]:
    """The facts of one sentence or row, each once."""
    return tuple(dict.fromkeys((*_allergies(text), *_plain_facts(text))))


def is_drug(substance: str) -> bool:
    """Whether a substance is known to be a drug by how its name ends or begins."""
    return substance.endswith(_DRUG_ENDINGS) or substance.startswith(_DRUG_BEGINNINGS)


def _allergies(text: str) -> Iterator[Fact]:
    if any(mark in text for mark in '"“”?') or _tells_of_mistake(text):
        return
    none_known = _NONE_KNOWN.search(text)
    if none_known:
        about = ANY_DRUG if none_known["drug"] or none_known["nkda"] else ANY_SUBSTANCE
        yield Fact(kind=FactKind.ALLERGY, about=about, said=NOT_ALLERGIC)
        return
    standing = standing_terms(text)
    for form in _ALLERGY_FORMS:
        for match in form.finditer(text):
            substance = match["substance"].lower()
            if substance in _NO_SUBSTANCE or not (said := _allergy_standing(standing, match)):
                continue
            yield Fact(kind=FactKind.ALLERGY, about=stem(substance), said=said, context=_drug_mark(substance))


def _drug_mark(substance: str) -> frozenset[str]:
    return frozenset({"drug"}) if is_drug(substance) else frozenset()


def _tells_of_mistake(text: str) -> bool:
    words = {stem(word) for word in re.findall(r"[a-z]+", text.lower())}
    return bool(
        words & {stem(w) for w in ("wrong", "incorrect", "error", "mistake", "corrected", "amended", "stating")}
    )


def _allergy_standing(standing: Sequence[StandingTerm], match: re.Match[str]) -> str | None:
    """Whether the match is affirmed or denied; None where it is doubted, or a relative's."""
    at = match.start("substance")
    found = [s.standing for s in standing if s.term.start <= at < s.term.end]
    if not found or found[0].doubted or found[0].of_relative:
        return None
    return NOT_ALLERGIC if found[0].denied else ALLERGIC


def _plain_facts(text: str) -> Iterator[Fact]:
    found = standing_terms(text)
    keys = {standing.term.key for standing in found}
    states = {stem(term.word) for term in terms(text) if term.kind in (TermKind.WORD, TermKind.FUNCTION)}
    dateless = _without_dates(text, found)
    if states & _MANY_STATES or _TIME.search(dateless) or _RANGE_OR_ARROW.search(dateless):
        return
    day, is_dated = _day(found)
    for fact in (*_amounts(text, found), *_sides(found, keys)):
        yield Fact(
            kind=fact.kind,
            about=fact.about,
            said=fact.said,
            unit=fact.unit,
            context=fact.context,
            day=day,
            is_dated=is_dated,
        )


def _without_dates(text: str, found: Sequence[StandingTerm]) -> str:
    for standing in found:
        if standing.term.date:
            at = standing.term
            text = text[: at.start] + " " * (at.end - at.start) + text[at.end :]
    return text


def _day(found: Sequence[StandingTerm]) -> tuple[str | None, bool]:
    """The one full date of the sentence; and whether it states any date."""
    mentions = [standing.term.date for standing in found if standing.term.date]
    days = {reading for mention in mentions for reading in mention.readings}
    only = next(iter(days)) if len(days) == 1 else None
    return (only if only and len(only) == len("2024-05-12") and not only.startswith("-") else None), bool(mentions)


def _amounts(text: str, found: Sequence[StandingTerm]) -> Iterator[Fact]:
    """Doses of drugs and values of quantities: a name with one number right behind it, and no other beside it."""
    every = [term for term in terms(text) if term.kind is not TermKind.FUNCTION]
    plain = {s.term.start for s in found if not (s.standing.denied or s.standing.doubted or s.standing.of_relative)}
    amounts: list[Fact] = []
    for name, number in pairwise(every):
        if name.kind is not TermKind.WORD or number.kind is not TermKind.NUMBER or name.start not in plain:
            continue
        if name.key in _QUANTITY_KEYS:
            amounts.append(Fact(kind=FactKind.VALUE, about=name.key, said=number.key, unit=number.unit))
        elif number.unit in _DOSE_UNITS and name.word.isalpha() and len(name.word) > 4:
            amounts.append(Fact(kind=FactKind.DOSE, about=name.key, said=number.key, unit=number.unit))
    counts = [sum(fact.about == other.about for other in amounts) for fact in amounts]
    doses = sum(term.kind is TermKind.NUMBER and term.unit in _DOSE_UNITS for term in every)
    for fact, count in zip(amounts, counts, strict=True):
        if count == 1 and (fact.kind is FactKind.VALUE or doses == 1):
            yield fact


def _sides(found: Sequence[StandingTerm], keys: set[str]) -> Iterator[Fact]:
    """The one side that a sentence names, with the place that follows it and the other words of the sentence."""
    sides = [at for at, standing in enumerate(found) if standing.term.key in _SIDES]
    if len(sides) != 1 or "both_sides" in keys or {stem("contralateral"), stem("both"), stem("other")} & keys:
        return
    (at,) = sides
    following: Term | None = found[at + 1].term if at + 1 < len(found) else None
    standing = found[at].standing
    if following is None or following.kind is not TermKind.WORD or standing.denied or standing.doubted:
        return
    if standing.of_relative:
        return
    words = {s.term.key for s in found if s.term.kind is TermKind.WORD}
    context = frozenset(words - _SIDES - {following.key})
    yield Fact(kind=FactKind.SIDE, about=following.key, said=found[at].term.key, context=context)


def micrograms(fact: Fact) -> float:
    """A dose in one unit."""
    return float(fact.said) * _DOSE_UNITS[fact.unit or "mcg"]
