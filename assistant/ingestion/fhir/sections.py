"""A patient's FHIR resources as flow items, section by section, and what of them is not shown."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from assistant.coded import EntryKind
from assistant.ingestion.coding.clinical_times import day_of
from assistant.ingestion.fhir.bundle import Bundle, PatientRecord
from assistant.ingestion.fhir.documents import Attachment, attachments, composition_items, narrative_items
from assistant.ingestion.fhir.events import care_plan, encounter, goal, procedure, request
from assistant.ingestion.fhir.facts import Fact
from assistant.ingestion.fhir.findings import allergy, condition, family_history
from assistant.ingestion.fhir.json import Node
from assistant.ingestion.fhir.medications import immunization, medication
from assistant.ingestion.fhir.observations import observation
from assistant.ingestion.fhir.patient import patient_items
from assistant.ingestion.fhir.tables import fact_table
from assistant.ingestion.fhir.values import code_of, coded, span
from assistant.ingestion.flow.items import Heading, Item, Paragraph

Reading = Callable[[Node, Bundle], Iterator[Fact]]


def _alone(reading: Callable[[Node], Iterator[Fact]]) -> Reading:
    """A reading that needs no other resource."""
    return lambda resource, _: reading(resource)


_READINGS: Mapping[str, Reading] = {
    "AllergyIntolerance": _alone(allergy),
    "Condition": _alone(condition),
    "FamilyMemberHistory": _alone(family_history),
    "MedicationRequest": medication,
    "MedicationStatement": medication,
    "MedicationUsage": medication,
    "MedicationAdministration": medication,
    "MedicationOrder": medication,
    "Observation": _alone(observation),
    "Procedure": _alone(procedure),
    "Immunization": _alone(immunization),
    "Encounter": encounter,
    "CarePlan": care_plan,
    "Goal": _alone(goal),
    "ServiceRequest": _alone(request),
    "Appointment": _alone(request),
    "Task": _alone(request),
}
_SECTIONS: tuple[tuple[str, frozenset[str]], ...] = (
    ("Allergies", frozenset({"AllergyIntolerance"})),
    ("Problems", frozenset({"Condition"})),
    ("Family history", frozenset({"FamilyMemberHistory"})),
    ("Medications", frozenset({name for name in _READINGS if name.startswith("Medication")})),
)
_LATER_SECTIONS: tuple[tuple[str, frozenset[str]], ...] = (
    ("Procedures", frozenset({"Procedure"})),
    ("Immunizations", frozenset({"Immunization"})),
    ("Encounters", frozenset({"Encounter"})),
    ("Plans, requests and goals", frozenset({"CarePlan", "Goal", "ServiceRequest", "Appointment", "Task"})),
)
# They say who and where, and are named where others refer to them.
_SUPPORTING = frozenset(
    "Patient Organization Practitioner PractitionerRole Location Medication Binary Composition DocumentReference "
    "DiagnosticReport RelatedPerson Specimen Endpoint MessageHeader HealthcareService Substance".split()
)
_BILLING = frozenset("Account Claim ClaimResponse Coverage ExplanationOfBenefit Invoice Provenance AuditEvent".split())
_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_ERROR = "entered-in-error"


@dataclass(slots=True, kw_only=True)
class NotUsed:
    """What was left out, counted, for the file's warnings."""

    kinds: Counter[str] = field(default_factory=Counter)
    errors: int = 0
    modified: int = 0

    def warnings(self) -> Iterator[str]:
        """A sentence for each reason."""
        if self.kinds:
            kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(self.kinds.items()))
            yield f"not shown: {kinds}"
        if self.errors:
            yield f"{self.errors} resources were entered in error and are left out"
        if self.modified:
            yield f"{self.modified} resources have a modifier that is not understood; they are shown, not used as facts"


class RecordSections:
    """The readable pages of one patient's resources."""

    def __init__(self, record: PatientRecord, bundle: Bundle, not_used: NotUsed) -> None:
        self._record = record
        self._bundle = bundle
        self._not_used = not_used
        self._facts: dict[int, list[Fact]] = {}
        self.attachments: list[Attachment] = []
        self._resources = [each for each in record.resources if self._is_meant(each)]
        self._meant = {id(each.raw) for each in self._resources}

    def items(self) -> Iterator[Item]:
        """The patient, the document if it is one, every section, then attached texts."""
        compositions = self._of(frozenset({"Composition"}))
        yield from patient_items(self._record.patient, compositions[0]["title"].text if compositions else "")
        for composition in compositions:
            yield from composition_items(composition, self._bundle)
        for title, kinds in _SECTIONS:
            yield from self._section(title, self._of(kinds))
        yield from self._measurements()
        for title, kinds in _LATER_SECTIONS:
            yield from self._section(title, self._of(kinds))
        yield from self._others()
        yield from self._documents()

    def _is_meant(self, resource: Node) -> bool:
        kind = resource["resourceType"].text
        if resource["status"].text == _ERROR or code_of(resource["verificationStatus"]) == _ERROR:
            self._not_used.errors += 1
            return False
        if kind in _READINGS or kind in _SUPPORTING:
            return True
        if kind in _BILLING or not resource["text"]["div"]:
            self._not_used.kinds[kind] += 1
            return False
        return True

    def _of(self, kinds: frozenset[str]) -> list[Node]:
        return [each for each in self._resources if each["resourceType"].text in kinds]

    def _read(self, resource: Node) -> list[Fact]:
        """The facts of a resource. A modifier that is not understood may turn its meaning around."""
        key = id(resource.raw)
        if key not in self._facts:
            facts = list(_READINGS[resource["resourceType"].text](resource, self._bundle))
            if resource["modifierExtension"]:
                self._not_used.modified += 1
                note = "modified in a way that is not understood"
                facts = [replace(told, only_shown=True, note=f"{note}; {told.note}".rstrip("; ")) for told in facts]
            self._facts[key] = facts
        return self._facts[key]

    def _section(self, title: str, resources: Iterable[Node]) -> Iterator[Item]:
        facts: list[Fact] = []
        told: list[Item] = []
        for resource in resources:
            found = self._read(resource)
            facts += found
            if not found:
                told += narrative_items(resource["text"])
        if facts or told:
            yield Heading(text=title)
            yield from fact_table(facts)
            yield from told

    def _measurements(self) -> Iterator[Item]:
        """Reports with their results, results of no report, vital signs."""
        reports = sorted(self._of(frozenset({"DiagnosticReport"})), key=lambda each: _report_time(each) or "")
        reported: set[int] = set()
        results: list[Item] = []
        for report in reports:
            results += self._report(report, reported)
        loose = [each for each in self._of(frozenset({"Observation"})) if id(each.raw) not in reported]
        facts = [told for each in loose for told in self._read(each)]
        others = [told for told in facts if told.entry.kind is EntryKind.RESULT]
        if results or others:
            yield Heading(text="Results")
            yield from results
            if results and others:
                yield Heading(text="Other results", level=3)
            yield from fact_table(others)
        vitals = [told for told in facts if told.entry.kind is EntryKind.VITAL]
        if vitals:
            yield Heading(text="Vital signs")
            yield from fact_table(vitals)

    def _report(self, report: Node, reported: set[int]) -> Iterator[Item]:
        """A report's name and day, its results as a table, its conclusion."""
        observations = [self._bundle.resolve(each, report) for each in report["result"]]
        observations = [
            each for each in observations if each and (id(each.raw) in self._meant or _is_contained(each, report))
        ]
        facts = [told for each in observations for told in self._read(each)]
        vitals = any(told.entry.kind is EntryKind.VITAL for told in facts)
        conclusion = report["conclusion"].text
        if vitals or not (facts or conclusion):
            return
        reported.update(id(each.raw) for each in observations)
        name = coded(report["code"]).name or "Report"
        yield Heading(text=" · ".join(part for part in (name, day_of(_report_time(report))) if part), level=3)
        yield from fact_table(facts)
        if conclusion:
            yield Paragraph(text=f"Conclusion: {conclusion}")

    def _others(self) -> Iterator[Item]:
        """Resources of any other type in the words that they bring with them."""
        for resource in self._resources:
            kind = resource["resourceType"].text
            if kind not in _READINGS and kind not in _SUPPORTING:
                yield Heading(text=_CAPITAL.sub(" ", kind).capitalize())
                yield from narrative_items(resource["text"])

    def _documents(self) -> Iterator[Item]:
        """Attached plain texts; attachments of other formats wait in `attachments` for their readers."""
        seen: set[bytes] = set()
        texts: list[Attachment] = []
        for resource in self._of(frozenset({"DocumentReference", "DiagnosticReport"})):
            for attachment in attachments(resource, self._bundle):
                if attachment.data not in seen:
                    seen.add(attachment.data)
                    (texts if attachment.is_plain_text else self.attachments).append(attachment)
        if texts:
            yield Heading(text="Documents")
        for attachment in sorted(texts, key=lambda each: each.day or ""):
            yield from attachment.items()


def _is_contained(resource: Node, container: Node) -> bool:
    return any(each.raw is resource.raw for each in container["contained"])


def _report_time(report: Node) -> str | None:
    return span(report, "effective").begin or span(report, "issued").at
