"""Who an HL7 v2 message is about and what it is, as readable lines; allergies, diagnoses, procedures and the visit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from assistant.coded import ClinicalStatus, CodedEntry, EntryKind
from assistant.ingestion.coding.clinical_times import day_of, from_hl7
from assistant.ingestion.coding.entry_lines import status_words
from assistant.ingestion.coding.none_known import says_none
from assistant.ingestion.flow.items import Heading, Item, Paragraph, Row, Table
from assistant.ingestion.hl7.message import Message, Segment
from assistant.ingestion.hl7.values import CodedElement, coded_element, person

# HL7 table 0003, the events whose name tells a reader something.
_EVENTS = {
    "A01": "Admission",
    "A02": "Transfer",
    "A03": "Discharge",
    "A04": "Registration",
    "A05": "Pre-admission",
    "A08": "Update of patient information",
    "A11": "Cancelled admission",
    "A13": "Cancelled discharge",
    "A28": "Patient information",
    "A31": "Update of patient information",
    "T02": "Document",
    "T10": "Replaced document",
}
_TYPES = {"ORU": "Observation report", "ADT": "Patient information", "MDM": "Document", "VXU": "Vaccinations"}
_CLASSES = {"I": "Inpatient", "O": "Outpatient", "E": "Emergency", "P": "Preadmission", "R": "Recurring patient"}
_SEXES = {"M": "Male", "F": "Female", "O": "Other", "U": "Unknown", "A": "Ambiguous", "N": "Not applicable"}
_SEVERITIES = {"SV": "severe", "MO": "moderate", "MI": "mild"}
_DIAGNOSIS_TYPES = {"A": "admitting", "W": "working", "F": "final"}
_RECORD_NUMBERS = ("MR", "MRN", "PI", "")


def message_items(message: Message) -> Iterator[Item]:
    """The title of a message, its patient, and when and where it was sent."""
    kind, event = message.header.text(9), message.header.text(9, 2)
    yield Heading(text=_EVENTS.get(event) or _TYPES.get(kind) or f"HL7 message {kind}".strip(), level=1)
    patient = message.first("PID")
    if patient is not None:
        yield from (Paragraph(text=line) for line in _patient(patient))
    if sent := from_hl7(message.header.text(7)):
        yield Paragraph(text=f"Message date: {sent.replace('T', ' ')}")
    sender = ", ".join(part for part in (message.header.text(3), message.header.text(4)) if part)
    if sender:
        yield Paragraph(text=f"Sent by: {sender}")


def finding_items(message: Message) -> Iterator[Item]:
    """The visit, allergies, diagnoses and procedures, each as a table."""
    for title, names, reading in (
        ("Encounter", ("PV1",), lambda segment: _visit(segment, message)),
        ("Allergies", ("AL1", "IAM"), _allergy),
        ("Diagnoses", ("DG1", "PRB"), _diagnosis),
        ("Procedures", ("PR1",), _procedure),
        ("Immunizations and medicines given", ("RXA",), _administration),
    ):
        yield from _table(title, [each for each in message.segments if each.name in names], reading)


def _table(title: str, segments: list[Segment], reading: Callable[[Segment], CodedEntry | None]) -> Iterator[Item]:
    entries = [entry for segment in segments if (entry := reading(segment)) is not None]
    if not entries:
        return
    rows = [_cells(entry) for entry in entries]
    headings = ("Name", "Status", "Reaction", "Dose", "Since", "Until", "Code")
    used = [at for at in range(len(headings)) if any(row[at] for row in rows)]
    yield Heading(text=title)
    yield Table(
        rows=(
            Row(cells=tuple(headings[at] for at in used), is_heading=True),
            *(
                Row(cells=tuple(cells[at] for at in used), entries=(entry,))
                for cells, entry in zip(rows, entries, strict=True)
            ),
        )
    )


def _cells(entry: CodedEntry) -> tuple[str, ...]:
    code = f"{entry.code_system or ''} {entry.code or ''}".strip()
    dates = (day_of(entry.date) or "", day_of(entry.last_date) or "")
    return (entry.name, status_words(entry), entry.reaction or "", entry.dose or "", *dates, code)


def _patient(segment: Segment) -> Iterator[str]:
    if name := person(segment, 5, has_number=False):
        yield f"Patient: {name}"
    if born := day_of(from_hl7(segment.text(7))):
        yield f"Date of birth: {born}"
    if sex := segment.text(8):
        yield f"Sex: {_SEXES.get(sex.upper(), sex)}"
    for number in (3, 2, 4):
        yield from _numbers(segment, number)
    if account := segment.text(18):
        yield f"Account number: {account}"


def _numbers(segment: Segment, number: int) -> Iterator[str]:
    for each in segment.repetitions(number):
        value, authority, kind = (segment.part(each, at) for at in (1, 4, 5))
        label = "Medical record number" if kind.upper() in _RECORD_NUMBERS else f"Identifier {kind}"
        label = "Social security number" if kind.upper() == "SS" else label
        if value:
            yield f"{label}: {value}" + (f" ({authority})" if authority else "")


def _entry(
    kind: EntryKind, found: CodedElement, status: ClinicalStatus, first: str | None, last: str | None = None
) -> CodedEntry | None:
    if not found.name:
        return None
    return CodedEntry(
        kind=kind,
        name=" ".join(found.name.split()),
        status=status,
        start=0,
        end=0,
        date=first,
        first_date=first if last else None,
        last_date=last,
        code_system=found.system,
        code=found.code,
    )


def _visit(segment: Segment, message: Message) -> CodedEntry | None:
    """The visit of an admission message, or of any that says when it began. Cancelled ones are stopped."""
    admitted, discharged = from_hl7(segment.text(44)), from_hl7(segment.text(45))
    event = message.header.text(9, 2)
    if not admitted and message.header.text(9) != "ADT":
        return None
    code = segment.text(2).upper()
    found = CodedElement(name=_CLASSES.get(code) or segment.text(2) or None, system="HL7 0004", code=code or None)
    status = ClinicalStatus.FINAL if discharged or event == "A03" else ClinicalStatus.CURRENT
    if event == "A11":
        status = ClinicalStatus.STOPPED
    elif event in ("A05", "A14"):
        status = ClinicalStatus.PLANNED
    return _entry(EntryKind.ENCOUNTER, found, status, admitted or from_hl7(message.header.text(7)), discharged)


def _allergy(segment: Segment) -> CodedEntry | None:
    found = coded_element(segment, 3)
    is_detailed = segment.name == "IAM"
    clinical = segment.text(17).upper() if is_detailed else ""
    if clinical == "E":  # erroneous
        return None
    status = ClinicalStatus.NONE_KNOWN if says_none(found.code, found.name) else ClinicalStatus.ACTIVE
    if clinical == "I" or (is_detailed and segment.text(6).upper() == "D"):
        status = ClinicalStatus.HISTORICAL
    elif clinical in ("S", "P", "U"):
        status = ClinicalStatus.SUSPECTED
    began = from_hl7(segment.text(11 if is_detailed else 6))
    entry = _entry(EntryKind.ALLERGY, found, status, began)
    severity = _SEVERITIES.get(segment.text(4).upper(), "")
    reaction = "; ".join(segment.part(each, 1) for each in segment.repetitions(5))
    told = f"{reaction} ({severity})" if reaction and severity else reaction or (severity and f"severity: {severity}")
    return _with(entry, reaction=told or None)


def _diagnosis(segment: Segment) -> CodedEntry | None:
    found = coded_element(segment, 3)
    if segment.name == "PRB":
        words = segment.text(14, 2) or segment.text(14)
        is_over = bool(segment.text(9)) or "resolved" in words.casefold() or words.casefold() == "inactive"
        status = ClinicalStatus.RESOLVED if is_over else ClinicalStatus.ACTIVE
        return _entry(EntryKind.PROBLEM, found, status, from_hl7(segment.text(16)) or from_hl7(segment.text(7)))
    if segment.text(21).upper() == "D":  # deleted
        return None
    name = found.name if found.name != found.code else None
    found = CodedElement(name=name or segment.text(4) or found.name, system=found.system, code=found.code)
    is_working = _DIAGNOSIS_TYPES.get(segment.text(6).upper()) == "working"
    status = ClinicalStatus.SUSPECTED if is_working else ClinicalStatus.ACTIVE
    status = ClinicalStatus.NONE_KNOWN if says_none(found.code, found.name) else status
    return _entry(EntryKind.PROBLEM, found, status, from_hl7(segment.text(5)))


def _procedure(segment: Segment) -> CodedEntry | None:
    found = coded_element(segment, 3)
    name = found.name if found.name != found.code else None
    found = CodedElement(name=name or segment.text(4) or found.name, system=found.system, code=found.code)
    return _entry(EntryKind.PROCEDURE, found, ClinicalStatus.FINAL, from_hl7(segment.text(5)))


def _administration(segment: Segment) -> CodedEntry | None:
    """A vaccine is an event, hence a procedure; anything else given is a medicine."""
    found = coded_element(segment, 5)
    kind = EntryKind.PROCEDURE if found.system == "CVX" else EntryKind.MEDICATION
    is_refused = segment.text(20).upper() in ("RE", "NA")
    status = ClinicalStatus.RULED_OUT if is_refused else ClinicalStatus.FINAL
    if segment.text(21).upper() == "D":
        return None
    amount, unit = segment.text(6), segment.text(7)
    dose = f"{amount} {unit}".strip() if amount and amount != "999" else None  # 999: not recorded (CDC)
    return _with(_entry(kind, found, status, from_hl7(segment.text(3))), dose=dose)


def _with(entry: CodedEntry | None, *, reaction: str | None = None, dose: str | None = None) -> CodedEntry | None:
    return None if entry is None else replace(entry, reaction=reaction, dose=dose)
