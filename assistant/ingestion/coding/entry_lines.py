"""How a coded entry reads as a line of text, where the file itself has no readable words for it."""

from __future__ import annotations

from collections.abc import Iterator

from assistant.coded import ClinicalStatus, CodedEntry, EntryKind
from assistant.ingestion.coding.clinical_times import day_of

_NEGATED = (ClinicalStatus.RULED_OUT, ClinicalStatus.NONE_KNOWN)
_DONE_KINDS = (EntryKind.PROCEDURE, EntryKind.ENCOUNTER)


def entry_line(entry: CodedEntry) -> str:
    """ "HGB: 10.2 g/dl; flag L; reference 12-16; 2012-08-10; LOINC 30313-1"."""
    return f"{entry.name}: {'; '.join(_details(entry))}"


def status_words(entry: CodedEntry) -> str:
    """The status for a reader: "active", "ruled out", "not done"."""
    if entry.kind in _DONE_KINDS and entry.status is ClinicalStatus.RULED_OUT:
        return "not done"
    if entry.kind in _DONE_KINDS and entry.status is ClinicalStatus.FINAL:
        return "done"
    if entry.status is ClinicalStatus.FAMILY:
        return "family history"
    return entry.status.value.replace("_", " ")


def is_negated(entry: CodedEntry) -> bool:
    """Whether the entry says that something is not so."""
    return entry.status in _NEGATED


def dates_words(entry: CodedEntry) -> str:
    """The days of an entry: one, or from when to when."""
    first, last = day_of(entry.first_date), day_of(entry.last_date)
    if first and last and first != last:
        return f"{first} to {last}"
    if last and not first:
        return f"until {last}"
    return first or (entry.date or "").replace("T", " ")


def value_words(entry: CodedEntry) -> str:
    """The value with its unit."""
    return joined_value(entry.value, entry.unit)


def joined_value(value: str | None, unit: str | None) -> str:
    """A value and its unit, as far as there are any."""
    return " ".join(part for part in (value, unit) if part)


def _details(entry: CodedEntry) -> Iterator[str]:
    if entry.value:
        yield value_words(entry)
    if entry.flag:
        yield f"flag {entry.flag}"
    if entry.reference_range:
        yield f"reference {entry.reference_range}"
    yield status_words(entry)
    for label, detail in (("", entry.dose), ("", entry.route), ("", entry.frequency), ("reaction ", entry.reaction)):
        if detail:
            yield label + detail
    if dates := dates_words(entry):
        yield dates
    if entry.code:
        yield f"{entry.code_system or 'code'} {entry.code}"
