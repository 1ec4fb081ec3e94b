"""FHIR: the patient, every resource a row with its entry, what is no fact left out or only shown."""

from __future__ import annotations

import base64
import json
from typing import Any

import pymupdf
import pytest

from assistant.coded import ClinicalStatus, CodedEntry, EntryKind
from assistant.errors import FileRefusedError
from assistant.ingestion.fhir.file import open_fhir
from tests.ingestion.structured_pages import entries_of, pages_of, text_of, warnings_of

Json = dict[str, Any]
PATIENT: Json = {
    "resourceType": "Patient",
    "id": "p1",
    "name": [{"use": "official", "family": "Quillfeather", "given": ["Orla", "May"]}],
    "gender": "female",
    "birthDate": "1961-07-04",
    "identifier": [
        {"type": {"coding": [{"code": "MR"}]}, "system": "http://larkhill.example", "value": "770123"},
    ],
}


def concept(code: str, name: str, system: str = "http://snomed.info/sct") -> Json:
    return {"coding": [{"system": system, "code": code, "display": name}], "text": f"{name} (text)"}


def bundle(*resources: Json) -> bytes:
    entries = [
        {"fullUrl": f"urn:uuid:{each['id']}" if "id" in each else None, "resource": each}
        for each in (PATIENT, *resources)
    ]
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}).encode()


def only_entry(*resources: Json) -> CodedEntry:
    [(entry, words)] = entries_of(open_fhir, bundle(*resources))
    assert words.startswith(entry.name)
    return entry


def condition(**members: Any) -> Json:
    return {"resourceType": "Condition", "code": concept("195967001", "Asthma"), **members}


def test_the_patient_comes_first() -> None:
    assert text_of(open_fhir, bundle()).split("\n\n") == [
        "Patient record",
        "Patient: Orla May Quillfeather",
        "Date of birth: 1961-07-04",
        "Sex: Female",
        "Medical record number: 770123 (http://larkhill.example)",
    ]


@pytest.mark.parametrize(
    ("members", "status"),
    [
        ({"clinicalStatus": concept("active", "Active", "x")}, ClinicalStatus.ACTIVE),
        ({"clinicalStatus": concept("relapse", "Relapse", "x")}, ClinicalStatus.ACTIVE),
        ({"clinicalStatus": concept("inactive", "Inactive", "x")}, ClinicalStatus.HISTORICAL),
        ({"clinicalStatus": "resolved"}, ClinicalStatus.RESOLVED),
        ({"abatementDateTime": "2015-01-02"}, ClinicalStatus.RESOLVED),
        ({"verificationStatus": concept("refuted", "Refuted", "x")}, ClinicalStatus.RULED_OUT),
        ({"verificationStatus": concept("provisional", "Provisional", "x")}, ClinicalStatus.SUSPECTED),
    ],
)
def test_a_condition_has_the_status_that_the_file_gives_it(members: Json, status: ClinicalStatus) -> None:
    entry = only_entry(condition(onsetDateTime="2012-03-01T08:30:00-05:00", **members))
    assert (entry.status, entry.date, entry.name) == (status, "2012-03-01T08:30:00", "Asthma")
    assert (entry.code_system, entry.code) == ("SNOMED CT", "195967001")


def test_what_was_entered_in_error_is_left_out_and_said() -> None:
    data = bundle(condition(verificationStatus=concept("entered-in-error", "Error", "x")))
    assert entries_of(open_fhir, data) == []
    assert warnings_of(open_fhir, data) == ("1 resources were entered in error and are left out",)


def test_a_modifier_that_is_not_understood_is_shown_and_not_used() -> None:
    data = bundle(condition(modifierExtension=[{"url": "http://example.org/not", "valueBoolean": True}]))
    assert entries_of(open_fhir, data) == []
    assert "Asthma" in text_of(open_fhir, data)
    assert any("modifier" in warning for warning in warnings_of(open_fhir, data))


def test_allergies_keep_reactions_and_the_statement_that_there_are_none() -> None:
    allergy: Json = {
        "resourceType": "AllergyIntolerance",
        "code": concept("7980", "Penicillin", "http://www.nlm.nih.gov/research/umls/rxnorm"),
        "reaction": [{"manifestation": [concept("247472004", "Hives")], "severity": "severe"}],
        "recordedDate": "2016-01-15",
        "criticality": "high",
    }
    entry = only_entry(allergy)
    assert "criticality: high" in text_of(open_fhir, bundle(allergy))
    assert (entry.status, entry.reaction, entry.date) == (ClinicalStatus.ACTIVE, "Hives (severe)", "2016-01-15")
    none = only_entry({"resourceType": "AllergyIntolerance", "code": concept("716186003", "No known allergy")})
    assert none.status is ClinicalStatus.NONE_KNOWN


@pytest.mark.parametrize(
    ("members", "status"),
    [
        ({"status": "active"}, ClinicalStatus.CURRENT),
        ({"status": "stopped"}, ClinicalStatus.STOPPED),
        ({"status": "active", "doNotPerform": True}, ClinicalStatus.RULED_OUT),
        ({"status": "active", "intent": "proposal"}, ClinicalStatus.PLANNED),
    ],
)
def test_medicines_are_found_behind_references_with_their_dosage(members: Json, status: ClinicalStatus) -> None:
    dosage = {
        "timing": {"repeat": {"frequency": 2, "period": 1, "periodUnit": "d", "when": ["PC"]}},
        "route": concept("26643006", "Oral"),
        "doseAndRate": [{"doseQuantity": {"value": 5.0, "unit": "mg"}}],
        "asNeededBoolean": True,
    }
    request = {
        "resourceType": "MedicationRequest",
        "contained": [{"resourceType": "Medication", "id": "m", "code": concept("1", "Amlodipine")}],
        "medicationReference": {"reference": "#m"},
        "authoredOn": "2023-11-01",
        "dosageInstruction": [dosage],
        **members,
    }
    entry = only_entry(request)
    assert (entry.name, entry.status, entry.dose, entry.route) == ("Amlodipine", status, "5.0 mg", "Oral")
    assert (entry.frequency, entry.first_date) == ("2 times a day, after meals, as needed", "2023-11-01")


def test_numbers_stay_as_they_are_written() -> None:
    data = bundle().replace(b'{"resourceType": "Bundle"', b'{"x": 1' + b"0" * 5_000 + b', "resourceType": "Bundle"', 1)
    assert "Quillfeather" in text_of(open_fhir, data)
    observation = {"resourceType": "Observation", "code": concept("1", "K"), "valueQuantity": {"value": "@"}}
    data = bundle(observation).replace(b'"@"', b"7.00")
    [(entry, _)] = entries_of(open_fhir, data)
    assert entry.value == "7.00"


def test_a_report_is_a_table_and_its_results_are_not_told_again() -> None:
    potassium = {
        "resourceType": "Observation",
        "id": "o1",
        "status": "final",
        "category": [{"coding": [{"code": "laboratory"}]}],
        "code": concept("2823-3", "Potassium", "http://loinc.org"),
        "effectiveDateTime": "2024-01-05T08:00:00Z",
        "valueQuantity": {"value": 5.9, "unit": "mmol/L", "comparator": ">"},
        "interpretation": [concept("H", "High", "x")],
        "referenceRange": [{"low": {"value": 3.5}, "high": {"value": 5.1, "unit": "mmol/L"}}],
    }
    report = {
        "resourceType": "DiagnosticReport",
        "code": concept("24323-8", "Metabolic panel"),
        "effectiveDateTime": "2024-01-05",
        "result": [{"reference": "urn:uuid:o1"}],
        "conclusion": "Repeat the potassium.",
    }
    data = bundle(report, potassium)
    [(entry, words)] = entries_of(open_fhir, data)
    assert words == "Potassium\t>5.9\tmmol/L\t3.5-5.1 mmol/L\tH\t2024-01-05 08:00:00\tfinal\tLOINC 2823-3"
    assert (entry.value, entry.unit, entry.flag) == (">5.9", "mmol/L", "H")
    text = text_of(open_fhir, data)
    assert "Metabolic panel · 2024-01-05" in text
    assert "Conclusion: Repeat the potassium." in text


def test_a_blood_pressure_is_one_and_its_two_components() -> None:
    parts = [
        {"code": concept("8480-6", "Systolic", "http://loinc.org"), "valueQuantity": {"value": 120, "unit": "mm[Hg]"}},
        {"code": concept("8462-4", "Diastolic", "http://loinc.org"), "valueQuantity": {"value": 80, "unit": "mm[Hg]"}},
    ]
    pressure = {
        "resourceType": "Observation",
        "code": concept("85354-9", "Blood pressure", "http://loinc.org"),
        "component": parts,
    }
    found = entries_of(open_fhir, bundle(pressure), EntryKind.VITAL)
    assert [(entry.name, entry.value) for entry, _ in found] == [
        ("Blood pressure", "120/80"),
        ("Systolic", "120"),
        ("Diastolic", "80"),
    ]


def test_a_panel_of_other_observations_is_no_result() -> None:
    panel = {"resourceType": "Observation", "code": concept("1", "Panel"), "hasMember": [{"reference": "urn:uuid:o"}]}
    member = {"resourceType": "Observation", "id": "o", "code": concept("2", "K"), "valueInteger": 5}
    assert only_entry(panel, member).name == "K"


def test_an_absent_value_is_not_invented() -> None:
    observation = {
        "resourceType": "Observation",
        "code": concept("1", "K"),
        "dataAbsentReason": concept("error", "Measurement error", "x"),
    }
    entry = only_entry(observation)
    assert entry.value is None
    assert "no value: Measurement error" in text_of(open_fhir, bundle(observation))


def test_events_that_did_not_happen_are_no_events() -> None:
    vaccine = {
        "resourceType": "Immunization",
        "status": "not-done",
        "vaccineCode": concept("140", "Influenza", "http://hl7.org/fhir/sid/cvx"),
        "occurrenceDateTime": "2023-10-01",
    }
    entry = only_entry(vaccine)
    assert (entry.kind, entry.status, entry.code_system) == (EntryKind.PROCEDURE, ClinicalStatus.RULED_OUT, "CVX")


def test_plans_are_open_until_they_are_completed() -> None:
    plan: Json = {
        "resourceType": "CarePlan",
        "status": "active",
        "category": [concept("698360004", "Diabetes self management plan")],
        "activity": [{"detail": {"code": concept("160670007", "Diabetic diet"), "status": "in-progress"}}],
    }
    found = entries_of(open_fhir, bundle(plan), EntryKind.PLAN)
    assert [entry.status for entry, _ in found] == [ClinicalStatus.PLANNED, ClinicalStatus.CURRENT]
    over = entries_of(open_fhir, bundle({**plan, "status": "completed"}), EntryKind.PLAN)
    assert {entry.status for entry, _ in over} == {ClinicalStatus.FINAL}


def test_the_patients_of_one_file_stay_apart() -> None:
    other = {"resourceType": "Patient", "id": "p2", "name": [{"text": "Somebody Else"}]}
    data = bundle(
        other, condition(subject={"reference": "Patient/p2"}), condition(subject={"reference": "urn:uuid:p1"})
    )
    first, second = pages_of(open_fhir, data)
    assert "Quillfeather" in first.text
    assert "Somebody Else" in second.text
    assert len(first.entries) == len(second.entries) == 1


def test_one_resource_a_line_is_read_and_a_damaged_line_is_said() -> None:
    lines = (json.dumps(PATIENT), '{"resourceType": "Condition", "co', json.dumps(condition()))
    data = "\n".join(lines).encode()
    assert [entry.name for entry, _ in entries_of(open_fhir, data)] == ["Asthma"]
    assert warnings_of(open_fhir, data) == (
        "the file is damaged; 1 of its resources could not be read and are missing",
    )


def test_a_document_shows_its_sections() -> None:
    composition = {
        "resourceType": "Composition",
        "title": "Discharge letter",
        "section": [
            {"title": "Course", "text": {"div": "<div xmlns='http://www.w3.org/1999/xhtml'><p>Well.</p></div>"}}
        ],
    }
    text = text_of(open_fhir, bundle(composition))
    assert text.startswith("Discharge letter")
    assert "Course\n\nWell." in text


def test_attached_texts_are_shown_and_attached_files_follow() -> None:
    with pymupdf.open() as pdf:
        pdf.new_page().insert_text((72, 72), "Letter from the clinic")
        letter = base64.b64encode(pdf.tobytes()).decode()
    note = base64.b64encode(b"Seen in clinic today.").decode()
    reference = {
        "resourceType": "DocumentReference",
        "status": "current",
        "type": concept("1", "Progress note"),
        "date": "2024-01-05T10:00:00Z",
        "content": [
            {"attachment": {"contentType": "text/plain", "data": note}},
            {"attachment": {"contentType": "application/pdf", "data": letter}},
        ],
    }
    first, second = pages_of(open_fhir, bundle(reference))
    assert first.text.endswith("Progress note · 2024-01-05\n\nSeen in clinic today.")
    assert (second.part, second.text) == ("attachment 1.pdf", "Letter from the clinic")


def test_resources_of_another_type_are_shown_in_their_own_words() -> None:
    flag = {"resourceType": "Flag", "text": {"div": "<div xmlns='http://www.w3.org/1999/xhtml'>Falls risk</div>"}}
    assert text_of(open_fhir, bundle(flag)).endswith("Flag\n\nFalls risk")


def test_older_allergies_have_one_status() -> None:
    entry = only_entry(
        {"resourceType": "AllergyIntolerance", "substance": concept("1", "Codeine"), "status": "refuted"}
    )
    assert (entry.name, entry.status) == ("Codeine", ClinicalStatus.RULED_OUT)


def test_bills_are_not_shown_and_that_is_said() -> None:
    assert warnings_of(open_fhir, bundle({"resourceType": "Claim"}, {"resourceType": "Claim"})) == (
        "not shown: 2 Claim",
    )


@pytest.mark.parametrize("data", [b"[" * 100_000, b'{"resourceType": ', b'{"a": 1}', b"{}", b"[]"])
def test_what_is_no_fhir_is_refused(data: bytes) -> None:
    with pytest.raises(FileRefusedError):
        pages_of(open_fhir, data)
