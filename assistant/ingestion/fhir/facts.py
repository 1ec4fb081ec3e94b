"""What one FHIR resource states: an entry, and words of the resource that the entry has no field for."""

from __future__ import annotations

from dataclasses import dataclass, replace

from assistant.coded import ClinicalStatus, CodedEntry, EntryKind
from assistant.ingestion.fhir.values import Coded, Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """An entry without its place. `note` is told beside it; a fact that is `only_shown` is not used as one."""

    entry: CodedEntry
    note: str = ""
    only_shown: bool = False


def fact(kind: EntryKind, found: Coded, status: ClinicalStatus, when: Span) -> Fact:
    """A fact of one kind."""
    entry = CodedEntry(
        kind=kind,
        name=found.name or "",
        status=status,
        start=0,
        end=0,
        date=when.begin,
        first_date=when.first,
        last_date=when.last,
        code_system=found.system,
        code=found.code,
    )
    return Fact(entry=entry)


def with_details(
    told: Fact,
    *,
    value: str | None = None,
    unit: str | None = None,
    reference_range: str | None = None,
    flag: str | None = None,
    dose: str | None = None,
    route: str | None = None,
    frequency: str | None = None,
    reaction: str | None = None,
    note: str = "",
) -> Fact:
    """The fact with what else is known of it."""
    entry = replace(
        told.entry,
        value=value,
        unit=unit,
        reference_range=reference_range,
        flag=flag,
        dose=dose,
        route=route,
        frequency=frequency,
        reaction=reaction,
    )
    return replace(told, entry=entry, note=note)
