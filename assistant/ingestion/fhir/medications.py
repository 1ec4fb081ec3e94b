"""Medicines and immunizations of FHIR as entries: what, how much, by which way, how often, still or not."""

from __future__ import annotations

from collections.abc import Iterator

from assistant.coded import ClinicalStatus, EntryKind
from assistant.ingestion.coding.clinical_times import from_fhir
from assistant.ingestion.coding.entry_lines import joined_value
from assistant.ingestion.coding.none_known import says_none
from assistant.ingestion.coding.timings import times_a, when_words
from assistant.ingestion.fhir.bundle import Bundle
from assistant.ingestion.fhir.facts import Fact, fact, with_details
from assistant.ingestion.fhir.json import Node
from assistant.ingestion.fhir.values import Coded, Span, coded, limits, quantity, span

_STATUSES = {
    "active": ClinicalStatus.CURRENT,
    "recorded": ClinicalStatus.CURRENT,
    "in-progress": ClinicalStatus.CURRENT,
    "on-hold": ClinicalStatus.STOPPED,
    "cancelled": ClinicalStatus.STOPPED,
    "stopped": ClinicalStatus.STOPPED,
    "ended": ClinicalStatus.STOPPED,
    "completed": ClinicalStatus.STOPPED,
    "not-taken": ClinicalStatus.STOPPED,
    "not-done": ClinicalStatus.RULED_OUT,
    "draft": ClinicalStatus.PLANNED,
    "intended": ClinicalStatus.PLANNED,
    "unknown": ClinicalStatus.HISTORICAL,
}
_PLANS = ("plan", "proposal")


def medication(resource: Node, bundle: Bundle) -> Iterator[Fact]:
    """A MedicationRequest, MedicationStatement or MedicationAdministration."""
    found = _medicine(resource, bundle)
    if not found.name:
        return
    dosage = next(iter(resource.first("dosageInstruction", "dosage")), Node())
    told = fact(EntryKind.MEDICATION, found, _status(resource, found), _course(resource, dosage))
    yield with_details(
        told,
        dose=_dose(dosage),
        route=coded(dosage["route"]).name,
        frequency=_frequency(dosage),
        note=_note(resource, bundle),
    )


def immunization(resource: Node) -> Iterator[Fact]:
    """An Immunization: a vaccine given on a day, or not given; an event, hence a procedure."""
    found = coded(resource["vaccineCode"])
    if found.name:
        status = resource["status"].text
        is_not_done = status == "not-done" or resource["wasNotGiven"].is_true
        when = span(resource, "occurrence")
        told = fact(
            EntryKind.PROCEDURE,
            found,
            ClinicalStatus.RULED_OUT if is_not_done else ClinicalStatus.FINAL,
            when if when.begin else Span(at=from_fhir(resource["date"].text)),
        )
        yield with_details(
            told, dose=joined_value(*quantity(resource["doseQuantity"])) or None, route=coded(resource["route"]).name
        )


def _medicine(resource: Node, bundle: Bundle) -> Coded:
    """The medicine: named here, or in a Medication that is referred to."""
    named = resource.first("medicationCodeableConcept", "medication")
    reference = resource["medicationReference"] or (named if named["reference"] else Node())
    if not reference:
        return coded(named["concept"] or named)
    found = coded(bundle.resolve(reference, resource)["code"])
    return found if found.name else Coded(name=reference["display"].text or None)


def _status(resource: Node, found: Coded) -> ClinicalStatus:
    if says_none(found.code, found.name):
        return ClinicalStatus.NONE_KNOWN
    if resource["doNotPerform"].is_true:
        return ClinicalStatus.RULED_OUT
    status = resource["status"].text
    if resource["intent"].text in _PLANS and status in ("active", "draft"):
        return ClinicalStatus.PLANNED
    if resource["resourceType"].text == "MedicationAdministration" and status == "completed":
        return ClinicalStatus.FINAL
    return _STATUSES.get(status, ClinicalStatus.HISTORICAL)


def _course(resource: Node, dosage: Node) -> Span:
    """From when to when: as taken, else as the order bounds it, else since the order."""
    taken = span(resource, "effective")
    bounds = dosage["timing"]["repeat"]["boundsPeriod"]
    ordered = from_fhir(resource.first("authoredOn", "dateWritten", "dateAsserted").text)
    if taken.begin or taken.last:
        return taken
    first, last = from_fhir(bounds["start"].text), from_fhir(bounds["end"].text)
    return Span(at=ordered, first=first or ordered, last=last)


def _dose(dosage: Node) -> str | None:
    """The dose as a quantity or a range, newer and older forms."""
    for each in (*dosage["doseAndRate"], dosage):
        amount = joined_value(*quantity(each["doseQuantity"] or each["dose"]))
        spread = limits(each["doseRange"]["low"], each["doseRange"]["high"])
        if amount or spread:
            return amount or spread
    return None


def _frequency(dosage: Node) -> str | None:
    timing = dosage["timing"]
    words = [_repeated(timing["repeat"]), coded(timing["code"]).name or ""]
    told = [word for word in words[:1] if word] or [word for word in words[1:] if word] or _text(dosage)
    if dosage["asNeededBoolean"].is_true or dosage["asNeeded"].is_true:
        told.append("as needed")
    elif reason := coded(dosage["asNeededCodeableConcept"]).name:
        told.append(f"as needed for {reason}")
    return ", ".join(dict.fromkeys(told)) or None


def _text(dosage: Node) -> list[str]:
    return [dosage["text"].text] if dosage["text"].text else []


def _repeated(repeat: Node) -> str:
    count = repeat["frequency"].text or ("1" if repeat["period"] else "")
    most = repeat["frequencyMax"].text
    often = times_a(f"{count}-{most}" if most else count, repeat["period"].text or "1", repeat["periodUnit"].text)
    events = [words for each in repeat["when"] if (words := when_words(each.text))]
    return ", ".join(word for word in (often, *events) if word)


def _note(resource: Node, bundle: Bundle) -> str:
    """Why: the reasons that are named."""
    coded_reasons = [coded(each).name for each in (*resource["reasonCode"], *resource["reason"])]
    referred = [
        each["display"].text or coded(bundle.resolve(each, resource)["code"]).name
        for each in resource["reasonReference"]
    ]
    return ", ".join(dict.fromkeys(reason for reason in (*coded_reasons, *referred) if reason))
