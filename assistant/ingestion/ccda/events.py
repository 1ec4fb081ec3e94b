"""Procedures, encounters and plans of a C-CDA: what was done, where the patient was seen, what shall be done."""

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
    is_planned,
    own_name,
    own_words,
    statement,
    status_code,
)
from assistant.ingestion.ccda.values import Concept, concept, first_child, interval, value

# SNOMED CT "instruction", "care plan", ...: codes that do not say what shall be done.
_ANY_PLAN = frozenset({"409073007", "311401005", "278448002", "734163000", "736054007"})
_STOPPED = ("aborted", "cancelled", "nullified", "suspended", "held")


def procedure(element: Element, context: Context) -> Iterator[Statement]:
    """Something done to the patient, or meant to be."""
    coded = concept(element.find("code"), context.narrative)
    entry = _event(element, EntryKind.PROCEDURE, coded, context)
    if entry is not None:
        found = [value(each, context.narrative) for each in element.findall("value")]
        told = next((each for each in found if each.text), None)
        yield statement(replace(entry, value=told.text, unit=told.unit) if told is not None else entry, element, coded)


def encounter(element: Element, context: Context) -> Iterator[Statement]:
    """A visit or stay. Where its code is null, what it is called stands in the narrative."""
    coded = concept(element.find("code"), context.narrative)
    entry = _event(element, EntryKind.ENCOUNTER, coded, context)
    if entry is not None:
        yield statement(entry, element, coded)


def plan(element: Element, context: Context) -> Iterator[Statement]:
    """Something that shall be done. What was not to be done is said to be ruled out."""
    product = "consumable/manufacturedProduct/manufacturedMaterial/code"
    code = first_child(element, "code", product, "product/manufacturedProduct/manufacturedMaterial/code")
    coded = concept(code, context.narrative)
    if not coded.name and code is not None and code.tag == "code":
        coded = _with_product(element, coded, context)
    entry = _event(element, EntryKind.PLAN, coded, context)
    if entry is not None:
        if entry.code in _ANY_PLAN and (words := own_words(element, context.narrative)):
            entry = replace(entry, name=words)
        found = element.find("value")
        told = value(found, context.narrative) if found is not None else None
        yield statement(replace(entry, value=told.text, unit=told.unit) if told is not None else entry, element, coded)


def _with_product(element: Element, coded: Concept, context: Context) -> Concept:
    product = element.find("consumable/manufacturedProduct/manufacturedMaterial/code")
    found = concept(product, context.narrative)
    return found if found.name or found.code else coded


def _event(element: Element, kind: EntryKind, coded: Concept, context: Context) -> CodedEntry | None:
    name = own_name(element, coded, context.narrative)
    if not name:
        return None
    when = interval(element.find("effectiveTime"))
    return event_entry(kind, name, _status(element, kind), coded, when)


def _status(element: Element, kind: EntryKind) -> ClinicalStatus:
    if is_negated(element):
        return ClinicalStatus.RULED_OUT
    status = status_code(element)
    if status in _STOPPED:
        return ClinicalStatus.STOPPED
    if kind is EntryKind.PLAN or is_planned(element):
        return ClinicalStatus.FINAL if status == "completed" and not is_planned(element) else ClinicalStatus.PLANNED
    return ClinicalStatus.CURRENT if status == "active" and kind is EntryKind.ENCOUNTER else ClinicalStatus.FINAL
