"""Allergies, conditions and family history of FHIR as entries."""

from __future__ import annotations

from collections.abc import Iterator

from assistant.coded import ClinicalStatus, EntryKind
from assistant.ingestion.coding.none_known import says_none
from assistant.ingestion.fhir.facts import Fact, fact, with_details
from assistant.ingestion.fhir.json import Node
from assistant.ingestion.fhir.values import Coded, Span, code_of, coded, names, span

_CLINICAL = {
    "active": ClinicalStatus.ACTIVE,
    "recurrence": ClinicalStatus.ACTIVE,
    "relapse": ClinicalStatus.ACTIVE,
    "inactive": ClinicalStatus.HISTORICAL,
    "remission": ClinicalStatus.RESOLVED,
    "resolved": ClinicalStatus.RESOLVED,
}
_SUSPECTED = ("unconfirmed", "provisional", "differential", "presumed")


def allergy(resource: Node) -> Iterator[Fact]:
    """An AllergyIntolerance. Without a code, the substances that its reactions name."""
    substance = coded(resource.first("code", "substance"))  # DSTU2 has a substance
    found = [substance] if substance.name else [coded(each["substance"]) for each in resource["reaction"]]
    when = span(resource, "onset")
    recorded = Span(at=span(resource, "recorded").at or span(resource, "asserted").at)
    for each in found:
        if each.name:
            status = _status(resource, each, Span())
            entry = fact(EntryKind.ALLERGY, each, status, when if when.begin else recorded)
            yield with_details(entry, reaction=_reactions(resource), note=_criticality(resource))


def condition(resource: Node) -> Iterator[Fact]:
    """A Condition."""
    found = coded(resource["code"])
    if not found.name:
        return
    onset, end = span(resource, "onset"), span(resource, "abatement")
    recorded = span(resource, "recorded").at or span(resource, "asserted").at or span(resource, "dateRecorded").at
    when = Span(at=None if onset.begin else recorded, first=onset.begin, last=end.last or end.begin)
    yield fact(EntryKind.PROBLEM, found, _status(resource, found, when), when)


def family_history(resource: Node) -> Iterator[Fact]:
    """A FamilyMemberHistory: the conditions of a relative, said to be the relative's."""
    relative = coded(resource["relationship"]).name or resource["name"].text
    for each in resource["condition"]:
        found = coded(each["code"])
        if found.name:
            when = Span(at=span(each, "onset").begin or span(resource, "date").at)
            yield with_details(fact(EntryKind.PROBLEM, found, ClinicalStatus.FAMILY, when), note=relative)


def _status(resource: Node, found: Coded, when: Span) -> ClinicalStatus:
    if says_none(found.code, found.name):
        return ClinicalStatus.NONE_KNOWN
    # DSTU2 has one status for both.
    certainty = code_of(resource.first("verificationStatus", "status"))
    if certainty == "refuted":
        return ClinicalStatus.RULED_OUT
    clinical = _CLINICAL.get(code_of(resource.first("clinicalStatus", "status")))
    if clinical is None:
        is_over = when.last is not None or resource["abatementBoolean"].is_true or bool(resource["abatementString"])
        clinical = ClinicalStatus.RESOLVED if is_over else ClinicalStatus.ACTIVE
    return ClinicalStatus.SUSPECTED if certainty in _SUSPECTED and clinical is ClinicalStatus.ACTIVE else clinical


def _reactions(resource: Node) -> str | None:
    """ "Hives (severe)"; None where no reaction is told."""
    told = []
    for each in resource["reaction"]:
        words = names(each["manifestation"]) or each["description"].text
        if words:
            severity = each["severity"].text
            told.append(f"{words} ({severity})" if severity else words)
    return "; ".join(told) or None


def _criticality(resource: Node) -> str:
    criticality = resource["criticality"].text
    return f"criticality: {criticality}" if criticality and criticality != "unable-to-assess" else ""
