"""The patient of a FHIR file as readable lines."""

from __future__ import annotations

from collections.abc import Iterator

from assistant.ingestion.coding.clinical_times import day_of, from_fhir
from assistant.ingestion.fhir.json import Node
from assistant.ingestion.fhir.values import coded, human_name
from assistant.ingestion.flow.items import Heading, Item, Paragraph

_TITLE = "Patient record"
_NO_PATIENT = "Patient not named in this file"
_RECORD_NUMBERS = ("MR", "MRN")


def patient_items(patient: Node, title: str) -> Iterator[Item]:
    """A title, then a line for everything that identifies the patient."""
    yield Heading(text=title or _TITLE, level=1)
    yield from (Paragraph(text=line) for line in (_lines(patient) if patient else (_NO_PATIENT,)))


def _lines(patient: Node) -> Iterator[str]:
    names = sorted(patient["name"], key=lambda each: each["use"].text != "official")
    spoken = [name for each in names if (name := human_name(each))]
    if spoken:
        yield f"Patient: {spoken[0]}"
        yield from (f"Also known as: {name}" for name in dict.fromkeys(spoken[1:]) if name != spoken[0])
    if born := day_of(from_fhir(patient["birthDate"].text)):
        yield f"Date of birth: {born}"
    if sex := patient["gender"].text:
        yield f"Sex: {sex.capitalize()}"
    if died := from_fhir(patient["deceasedDateTime"].text):
        yield f"Died: {died.replace('T', ' ')}"
    elif patient["deceasedBoolean"].is_true:
        yield "Died: yes"
    yield from _identifiers(patient)


def _identifiers(patient: Node) -> Iterator[str]:
    for each in patient["identifier"]:
        value = each["value"].text
        if not value:
            continue
        kind = coded(each["type"])
        authority = each["assigner"]["display"].text or each["system"].text
        if kind.code in _RECORD_NUMBERS:
            yield f"Medical record number: {value}" + (f" ({authority})" if authority else "")
        elif kind.name:
            yield f"{kind.name}: {value}"
        else:
            yield f"Identifier: {value}" + (f" ({authority})" if authority else "")
