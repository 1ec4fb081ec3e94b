"""Allergies and problems of a C-CDA: to what, and whether active, resolved, ruled out, the family's or none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from xml.etree.ElementTree import Element

from assistant.coded import ClinicalStatus, CodedEntry, EntryKind
from assistant.ingestion.ccda.statements import (
    Context,
    Statement,
    event_entry,
    is_negated,
    own_name,
    related,
    stated_status,
    statement,
    templates,
)
from assistant.ingestion.ccda.values import Concept, Interval, concept, first_child, interval
from assistant.ingestion.coding.none_known import says_none

_REACTION = frozenset({"2.16.840.1.113883.10.20.22.4.9", "2.16.840.1.113883.10.20.1.54"})
_SEVERITY = frozenset({"2.16.840.1.113883.10.20.22.4.8", "2.16.840.1.113883.10.20.1.55"})
_CRITICALITY = frozenset({"2.16.840.1.113883.10.20.22.4.145"})
# SNOMED CT: that there is an allergy, and to what class of thing; negated, it says that there is none.
_ALLERGY_CLASSES = {
    "419199007": "allergies",
    "420134006": "allergies",
    "106190000": "allergies",
    "418038007": "allergies",
    "609328004": "allergies",
    "416098002": "drug allergies",
    "419511003": "drug allergies",
    "59037007": "drug intolerance",
    "414285001": "food allergies",
    "418471000": "food allergies",
    "235719002": "food intolerance",
    "426232007": "environmental allergies",
    "105590001": "allergies",
    "410942007": "drug allergies",
    "373873005": "drug allergies",
    "255620007": "food allergies",
    "762766007": "food allergies",
}
# SNOMED CT "problem", "disease", "clinical finding": negated, they say that there is none of any kind.
_ANY_PROBLEM = frozenset({"55607006", "64572001", "404684003"})
_RESOLVED = ("resolved", "remission", "cured")
_INACTIVE = ("inactive", "no longer", "past", "prior", "history")
_SUSPECTED = ("suspected", "provisional", "rule out", "possible", "probable")
_RULED_OUT = ("ruled out", "refuted")


def allergy(element: Element, context: Context) -> Iterator[Statement]:
    """An allergy observation: a statement for every substance; without a substance what the observation says."""
    kind = concept(element.find("value"), context.narrative)
    substances = [
        concept(first_child(role, "playingEntity/code", "playingEntity"), context.narrative)
        for role in element.iterfind("participant/participantRole")
    ]
    entities = [_entity_name(role) for role in element.iterfind("participant/participantRole")]
    named = [
        replace(substance, name=substance.name or entity, names=tuple(n for n in (*substance.names, entity) if n))
        for substance, entity in zip(substances, entities, strict=True)
        if substance.name or entity or substance.code
    ]
    for substance in named or [Concept()]:
        if (found := _allergy_to(element, substance, kind, context)) is not None:
            yield statement(found, element, substance, kind)


def _allergy_to(element: Element, substance: Concept, kind: Concept, context: Context) -> CodedEntry | None:
    is_general = not (substance.name or substance.code) or substance.code in _ALLERGY_CLASSES
    coded = kind if is_general else substance
    if is_general and is_negated(element):
        name = f"No known {_ALLERGY_CLASSES.get(kind.code or '', 'allergies')}"
        status = ClinicalStatus.NONE_KNOWN
    else:
        name = own_name(element, coded, context.narrative) or ""
        status = _finding_status(element, coded, context)
    if not name:
        return None
    entry = event_entry(EntryKind.ALLERGY, name, status, coded, _onset(element, context))
    return replace(entry, reaction=_reactions(element, context))


def _entity_name(role: Element) -> str | None:
    found = role.find("playingEntity/name")
    return " ".join(" ".join(found.itertext()).split()) or None if found is not None else None


def _reactions(element: Element, context: Context) -> str | None:
    """ "Hives (moderate)"; a severity of the allergy itself, or its criticality, stands alone."""
    reactions, severities = [], []
    for each in related(element):
        if templates(each) & _REACTION or (_is_manifestation(element, each) and not templates(each) & _SEVERITY):
            name = own_name(each, concept(each.find("value"), context.narrative), context.narrative)
            if name:
                reactions.append(name + _in_brackets(_severities(each, context)))
    severities = _severities(element, context)
    if reactions:
        has_own = any(reaction.endswith(")") for reaction in reactions)
        return "; ".join(reactions) + ("" if has_own else _in_brackets(severities))
    return f"severity: {', '.join(severities)}" if severities else None


def _severities(element: Element, context: Context) -> list[str]:
    found = [each for each in related(element) if templates(each) & (_SEVERITY | _CRITICALITY) or _is_severity(each)]
    names = (concept(each.find("value"), context.narrative).name for each in found)
    return list(dict.fromkeys(name for name in names if name))


def _is_severity(element: Element) -> bool:
    code = element.find("code")
    return code is not None and code.get("code") == "SEV"


def _is_manifestation(element: Element, each: Element) -> bool:
    for relationship in element.iterfind("entryRelationship"):
        if relationship.get("typeCode") == "MFST" and each in list(relationship):
            return not _is_severity(each)
    return False


def _in_brackets(words: list[str]) -> str:
    return f" ({', '.join(words)})" if words else ""


def problem(element: Element, context: Context) -> Iterator[Statement]:
    """A problem observation: its value, negated or not. A statement of no problems is one too."""
    coded = _problem_concept(element, context)
    is_none = is_negated(element) and coded.code in _ANY_PROBLEM
    name = "No known problems" if is_none else own_name(element, coded, context.narrative)
    if not name:
        return
    status = ClinicalStatus.NONE_KNOWN if is_none else _finding_status(element, coded, context)
    yield statement(event_entry(EntryKind.PROBLEM, name, status, coded, _onset(element, context)), element, coded)


def _problem_concept(element: Element, context: Context) -> Concept:
    """The value; where it is null without any words, the code may be all that the file says."""
    values = [concept(each, context.narrative) for each in element.findall("value")]
    return next((each for each in values if each.name or each.code), Concept())


def _onset(element: Element, context: Context) -> Interval:
    """The finding's own time; where it has none, the day since when it is a concern (no onset, but a date)."""
    own = interval(element.find("effectiveTime"))
    if own.first or own.high:
        return own
    return Interval(at=context.time.first)


def _finding_status(element: Element, coded: Concept, context: Context) -> ClinicalStatus:
    if says_none(coded.code, coded.name):
        return ClinicalStatus.NONE_KNOWN
    if is_negated(element):
        return ClinicalStatus.RULED_OUT
    if context.is_family:
        return ClinicalStatus.FAMILY
    if stated := stated_status(element, context.narrative):
        return _status_of_words(stated)
    if interval(element.find("effectiveTime")).high:
        return ClinicalStatus.RESOLVED
    # Many systems write "completed" for every concern; one that is over has an end.
    if context.act_status == "completed" and context.time.high:
        return ClinicalStatus.RESOLVED
    return ClinicalStatus.HISTORICAL if context.act_status in ("suspended", "aborted") else ClinicalStatus.ACTIVE


def _status_of_words(words: str) -> ClinicalStatus:
    for status, marks in (
        (ClinicalStatus.RULED_OUT, _RULED_OUT),
        (ClinicalStatus.SUSPECTED, _SUSPECTED),
        (ClinicalStatus.RESOLVED, _RESOLVED),
        (ClinicalStatus.HISTORICAL, _INACTIVE),
    ):
        if any(mark in words for mark in marks):
            return status
    return ClinicalStatus.ACTIVE
