"""Results and vital signs of a C-CDA: value, unit, flag, reference range and when it was measured."""

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
    statement,
    status_code,
)
from assistant.ingestion.ccda.values import Value, bounds, concept, interval, value
from assistant.ingestion.coding.entry_lines import joined_value

_STATUSES = {
    "active": ClinicalStatus.PENDING,
    "new": ClinicalStatus.PENDING,
    "held": ClinicalStatus.PENDING,
    "suspended": ClinicalStatus.PENDING,
    "aborted": ClinicalStatus.STOPPED,
    "cancelled": ClinicalStatus.STOPPED,
    "corrected": ClinicalStatus.CHANGED,
}


def measurement(element: Element, kind: EntryKind, context: Context) -> Iterator[Statement]:
    """One observed value; an observation without any is kept, for that it was made."""
    coded = concept(element.find("code"), context.narrative)
    name = own_name(element, coded, context.narrative)
    if not name:
        return
    when = interval(element.find("effectiveTime"))
    found = _values(element, context)
    entry = replace(
        event_entry(kind, name, _status(element, found), coded, when if when.first or when.high else context.time),
        value=found.text,
        unit=found.unit,
        reference_range=_reference_range(element),
        flag=_flag(element, context),
    )
    yield statement(entry, element, coded)


def _values(element: Element, context: Context) -> Value:
    values = [value(each, context.narrative) for each in element.findall("value")]
    told = [each for each in values if each.text]
    if len(told) == 1:
        return told[0]
    return Value(text=", ".join(joined_value(each.text, each.unit) for each in told) or None)


def _status(element: Element, found: Value) -> ClinicalStatus:
    if is_negated(element):
        return ClinicalStatus.RULED_OUT
    if is_planned(element):
        return ClinicalStatus.PLANNED
    status = _STATUSES.get(status_code(element), ClinicalStatus.FINAL)
    # Some systems leave "active" on what is long measured.
    return ClinicalStatus.FINAL if status is ClinicalStatus.PENDING and found.text else status


def _flag(element: Element, context: Context) -> str | None:
    codes = [concept(each, context.narrative) for each in element.findall("interpretationCode")]
    return ", ".join(flag for each in codes if (flag := each.code or each.name)) or None


def _reference_range(element: Element) -> str | None:
    ranges = []
    for each in element.iterfind("referenceRange/observationRange"):
        text = each.find("text")
        words = " ".join(" ".join(text.itertext()).split()) if text is not None else ""
        found = each.find("value")
        if not words and found is not None:
            limits = bounds(found)
            words = joined_value(limits.text, limits.unit)
        if words:
            ranges.append(words)
    return "; ".join(dict.fromkeys(ranges)) or None
