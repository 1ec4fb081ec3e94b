"""What a structured file (C-CDA, FHIR, HL7) says in codes: one entry a finding, medicine, value or event."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class EntryKind(StrEnum):
    """What a coded entry of a C-CDA, FHIR or HL7 file is about."""

    ALLERGY = "allergy"
    PROBLEM = "problem"
    MEDICATION = "medication"
    RESULT = "result"
    VITAL = "vital"
    PROCEDURE = "procedure"
    ENCOUNTER = "encounter"
    PLAN = "plan"


class ClinicalStatus(StrEnum):
    """What the record says of a finding, a medicine or an event. NONE_KNOWN: stated to have none of the kind."""

    ACTIVE = "active"
    RESOLVED = "resolved"
    SUSPECTED = "suspected"
    RULED_OUT = "ruled_out"
    FAMILY = "family"
    HISTORICAL = "historical"
    CURRENT = "current"
    STOPPED = "stopped"
    CHANGED = "changed"
    FINAL = "final"
    PENDING = "pending"
    PLANNED = "planned"
    NONE_KNOWN = "none_known"


@dataclass(frozen=True, slots=True, kw_only=True)
class CodedEntry:
    """One coded entry of a structured file, as the file has it; `text[start:end]` of its page is where it stands.

    Dates are ISO 8601, partial ones allowed. None: the file does not say, or says so by a nullFlavor.
    """

    kind: EntryKind
    name: str
    status: ClinicalStatus
    start: int
    end: int
    date: str | None = None
    first_date: str | None = None
    last_date: str | None = None
    value: str | None = None
    unit: str | None = None
    reference_range: str | None = None
    flag: str | None = None
    dose: str | None = None
    route: str | None = None
    frequency: str | None = None
    reaction: str | None = None
    code_system: str | None = None
    code: str | None = None
