"""Observations of FHIR as entries: results and vital signs, with their components."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from assistant.coded import ClinicalStatus, EntryKind
from assistant.ingestion.coding.clinical_times import from_fhir
from assistant.ingestion.coding.entry_lines import joined_value
from assistant.ingestion.coding.vital_signs import VITAL_CODES
from assistant.ingestion.fhir.facts import Fact, fact, with_details
from assistant.ingestion.fhir.json import Node
from assistant.ingestion.fhir.values import coded, limits, quantity, span

_STATUSES = {
    "registered": ClinicalStatus.PENDING,
    "preliminary": ClinicalStatus.PENDING,
    "cancelled": ClinicalStatus.STOPPED,
    "amended": ClinicalStatus.CHANGED,
    "corrected": ClinicalStatus.CHANGED,
}
_PRESSURE_PANELS = frozenset({"85354-9", "55284-4"})
_SYSTOLIC, _DIASTOLIC = "8480-6", "8462-4"


def observation(resource: Node) -> Iterator[Fact]:
    """An Observation: itself, then each of its components. A panel without a value of its own is no result."""
    found = coded(resource["code"])
    kind = EntryKind.VITAL if _is_vital(resource, found.code) else EntryKind.RESULT
    status = _STATUSES.get(resource["status"].text, ClinicalStatus.FINAL)
    when = span(resource, "effective")
    if not (when.begin or when.last):
        when = replace(when, at=from_fhir(resource["issued"].text))
    parts = [each for each in resource["component"] if coded(each["code"]).name]
    value, unit = _value(resource)
    if value is None and found.code in _PRESSURE_PANELS:
        value, unit = _pressure(parts)
    is_group = bool(parts or resource["hasMember"])
    if found.name and (value is not None or not is_group):
        yield _measured(fact(kind, found, status, when), resource, value, unit)
    for part in parts:
        yield _measured(fact(kind, coded(part["code"]), status, when), part, *_value(part))


def _is_vital(resource: Node, code: str | None) -> bool:
    categories = [each["code"].text for category in resource["category"] for each in category["coding"]]
    if categories:
        return "vital-signs" in categories
    return code in VITAL_CODES


def _measured(told: Fact, node: Node, value: str | None, unit: str | None) -> Fact:
    absent = coded(node["dataAbsentReason"]).name
    notes = [each["text"].text for each in node["note"]]
    if value is None:
        notes.insert(0, f"no value: {absent}" if absent else "no value")
    return with_details(
        told,
        value=value,
        unit=unit,
        reference_range=_reference_range(node),
        flag=", ".join(flag for each in node["interpretation"] if (flag := coded(each).code or coded(each).name))
        or None,
        note="; ".join(note for note in notes if note),
    )


def _reference_range(node: Node) -> str | None:
    ranges = (each["text"].text or limits(each["low"], each["high"]) for each in node["referenceRange"])
    return "; ".join(dict.fromkeys(each for each in ranges if each)) or None


def _value(node: Node) -> tuple[str | None, str | None]:
    """The value[x] of an observation or a component, in words."""
    if node["valueQuantity"]:
        return quantity(node["valueQuantity"])
    if node["valueCodeableConcept"]:
        return coded(node["valueCodeableConcept"]).name, None
    if node["valueRange"]:
        return limits(node["valueRange"]["low"], node["valueRange"]["high"]), None
    if node["valueRatio"]:
        return _ratio(node["valueRatio"]), None
    if node["valuePeriod"]:
        period = span(node, "value")
        return " to ".join(time for time in (period.first, period.last) if time) or None, None
    if node["valueDateTime"]:
        return from_fhir(node["valueDateTime"].text), None
    return node.first("valueString", "valueInteger", "valueBoolean", "valueTime").text or None, None


def _ratio(node: Node) -> str | None:
    above, below = joined_value(*quantity(node["numerator"])), joined_value(*quantity(node["denominator"]))
    return f"{above}/{below}" if above and below else None


def _pressure(parts: list[Node]) -> tuple[str | None, str | None]:
    """Systolic over diastolic, as it is spoken."""
    values = {coded(each["code"]).code: _value(each) for each in parts}
    systolic, unit = values.get(_SYSTOLIC, (None, None))
    diastolic, _ = values.get(_DIASTOLIC, (None, None))
    return (f"{systolic}/{diastolic}", unit) if systolic and diastolic else (None, None)
