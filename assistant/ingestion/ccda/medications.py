"""Medicines and immunizations of a C-CDA: what, how much, by which way, how often, from when to when, still or not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from xml.etree.ElementTree import Element

from assistant.coded import ClinicalStatus, EntryKind
from assistant.ingestion.ccda.statements import (
    Context,
    Statement,
    event_entry,
    is_negated,
    is_planned,
    own_name,
    own_words,
    related,
    stated_status,
    statement,
    status_code,
    templates,
)
from assistant.ingestion.ccda.values import Concept, Interval, bounds, concept, dose, first_child, interval
from assistant.ingestion.coding.clinical_times import day_of
from assistant.ingestion.coding.none_known import says_none
from assistant.ingestion.coding.timings import every, when_words
from assistant.ingestion.safe_xml import type_of

_STOPPED_WORDS = (
    "inactive",
    "no longer",
    "discontinued",
    "stopped",
    "completed",
    "prior",
    "past",
    "aborted",
    "on hold",
)
_STOPPED_CODES = ("aborted", "cancelled", "nullified", "suspended", "held", "obsolete")
# SNOMED CT "drug or medicament", "pharmaceutical product", "medicinal product": negated, they say that there is none.
_ANY_DRUG = frozenset({"410942007", "373873005", "763158003"})
_FREE_TEXT_SIG = "2.16.840.1.113883.10.20.22.4.147"
_ADMINISTERED_SECTIONS = frozenset({"29549-3", "18610-6"})


def medication(element: Element, context: Context) -> Iterator[Statement]:
    """A medicine that the patient takes, took, was given or shall take."""
    drug, product = _drug(element, context)
    is_none = is_negated(element) and drug.code in _ANY_DRUG
    name = "No known medications" if is_none else own_name(element, drug, context.narrative) or product
    if not name:
        return
    when = _course(element)
    status = ClinicalStatus.NONE_KNOWN if is_none else _status(element, drug, when, context)
    entry = replace(
        event_entry(EntryKind.MEDICATION, name, status, drug, when),
        dose=_dose(element, context),
        route=concept(element.find("routeCode"), context.narrative).name,
        frequency=_frequency(element, context),
    )
    yield statement(entry, element, drug, names=(product,) if product else ())


def immunization(element: Element, context: Context) -> Iterator[Statement]:
    """A vaccine given on a day, or not given. It is an event, not something the patient takes: a procedure."""
    drug, product = _drug(element, context)
    name = own_name(element, drug, context.narrative) or product
    if not name:
        return
    if is_negated(element):
        status = ClinicalStatus.RULED_OUT
    elif is_planned(element):
        status = ClinicalStatus.PLANNED
    else:
        status = ClinicalStatus.FINAL
    entry = replace(
        event_entry(EntryKind.PROCEDURE, name, status, drug, _course(element)),
        dose=_dose(element, context),
        route=concept(element.find("routeCode"), context.narrative).name,
    )
    yield statement(entry, element, drug, names=(product,) if product else ())


def _drug(element: Element, context: Context) -> tuple[Concept, str | None]:
    """The product's code, and the name that stands beside it."""
    product = "consumable/manufacturedProduct/"
    code = first_child(element, f"{product}manufacturedMaterial/code", f"{product}manufacturedLabeledDrug/code", "code")
    beside = first_child(element, f"{product}manufacturedMaterial/name", f"{product}manufacturedLabeledDrug/name")
    name = " ".join(" ".join(beside.itertext()).split()) if beside is not None else ""
    return concept(code, context.narrative), name or None


def _course(element: Element) -> Interval:
    """From when to when: the effective time that is no frequency."""
    for each in element.findall("effectiveTime"):
        if type_of(each) in ("", "IVL_TS", "TS"):
            return interval(each)
    return Interval()


def _status(element: Element, drug: Concept, when: Interval, context: Context) -> ClinicalStatus:
    if says_none(drug.code, drug.name):
        return ClinicalStatus.NONE_KNOWN
    if is_negated(element):
        return ClinicalStatus.RULED_OUT
    act = status_code(element)
    if stated := stated_status(element, context.narrative):
        return ClinicalStatus.STOPPED if any(word in stated for word in _STOPPED_WORDS) else ClinicalStatus.CURRENT
    if act in _STOPPED_CODES:
        return ClinicalStatus.STOPPED
    if context.section in _ADMINISTERED_SECTIONS:
        return ClinicalStatus.FINAL
    # "completed" does not mean stopped: many systems write it for every medicine on the list.
    ended = day_of(when.high)
    has_ended = ended is not None and context.document_day is not None and ended < context.document_day
    return ClinicalStatus.STOPPED if has_ended else ClinicalStatus.CURRENT


def _dose(element: Element, context: Context) -> str | None:
    amount = dose(element.find("doseQuantity"))
    unit = concept(element.find("administrationUnitCode"), context.narrative).name
    if amount and unit and " " not in amount:
        return f"{amount} {unit}"
    return amount


def _frequency(element: Element, context: Context) -> str | None:
    words = [word for each in element.findall("effectiveTime") for word in _often(each)] or _as_written(
        element, context
    )
    if element.find("precondition") is not None:
        reason = concept(element.find("precondition/criterion/value"), context.narrative).name
        words.append(f"as needed for {reason}" if reason else "as needed")
    return ", ".join(dict.fromkeys(words)) or None


def _as_written(element: Element, context: Context) -> list[str]:
    """The directions as free text, where the file has no times."""
    for each in related(element):
        if _FREE_TEXT_SIG in templates(each) and (words := own_words(each, context.narrative)):
            return [words]
    return []


def _often(element: Element) -> Iterator[str]:
    kind = type_of(element)
    if kind == "PIVL_TS":
        period = element.find("period")
        if period is not None and (words := _period(period)):
            yield words
    elif kind == "EIVL_TS":
        event = element.find("event")
        if event is not None and (words := when_words(event.get("code", ""))):
            yield words
    elif kind.startswith("SXPR"):
        for part in element.findall("comp"):
            yield from _often(part)


def _period(period: Element) -> str | None:
    if period.get("value"):
        return every(period.get("value", ""), period.get("unit", ""))
    found = bounds(period)
    return every(found.text.replace("-", " to "), found.unit or "") if found.text else None
