"""The overview: one fact is one item with all its places, facts that may differ stay apart, conflicts are said."""

from __future__ import annotations

import pytest

from assistant.clinical.coded_overview import coded_overview
from assistant.clinical.overview import Overview
from assistant.coded import ClinicalStatus, CodedEntry, EntryKind
from assistant.domain import Page
from tests.clinical.coded_pages import coded_page, entry

ALLERGY, PROBLEM, MEDICATION, RESULT = EntryKind.ALLERGY, EntryKind.PROBLEM, EntryKind.MEDICATION, EntryKind.RESULT
ACTIVE, CURRENT, STOPPED = ClinicalStatus.ACTIVE, ClinicalStatus.CURRENT, ClinicalStatus.STOPPED
NONE_KNOWN, FINAL = ClinicalStatus.NONE_KNOWN, ClinicalStatus.FINAL


def overview(*pages: Page) -> Overview:
    return coded_overview(lambda: pages)


def of_two_files(one: CodedEntry, other: CodedEntry) -> Overview:
    return overview(coded_page("a.xml", one), coded_page("b.xml", other))


def test_the_same_fact_of_two_files_is_one_item_with_both_places() -> None:
    one = entry(PROBLEM, "Asthma", ACTIVE, code_system="SNOMED CT", code="195967001", date="2012-03")
    other = entry(PROBLEM, "Asthma (disorder)", ACTIVE, code_system="SNOMED CT", code="195967001", date="2012-03-04")
    [item] = of_two_files(one, other).problems
    assert [span.file for span in item.spans] == ["a.xml", "b.xml"]
    assert (item.fact.name, item.fact.date) == ("Asthma", "2012-03-04")


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        (PROBLEM, {"date": "2012-03-04"}, {"date": "2015-01-01"}),
        (PROBLEM, {"code_system": "SNOMED CT", "code": "1"}, {"code_system": "SNOMED CT", "code": "2"}),
        (RESULT, {"date": "2024-01-05", "value": "5.9"}, {"date": "2024-01-05", "value": "4.1"}),
        (RESULT, {"date": "2024-01-05T08:00", "value": "5.9"}, {"date": "2024-01-05T14:00", "value": "5.9"}),
        (RESULT, {"date": "2024-01-05", "value": "5.9"}, {"value": "5.9"}),
        (RESULT, {"date": "2024", "value": "5.9", "unit": "mmol/L"}, {"date": "2024", "value": "5.9", "unit": "g"}),
        (MEDICATION, {"dose": "5 mg"}, {"dose": "10 mg"}),
    ],
)
def test_facts_that_differ_stay_two(kind: EntryKind, one: dict[str, str], other: dict[str, str]) -> None:
    found = of_two_files(entry(kind, "Same", FINAL, **one), entry(kind, "Same", FINAL, **other))
    assert len((*found.problems, *found.results, *found.medications)) == 2


def test_a_value_written_with_another_number_of_zeros_is_the_same() -> None:
    one = entry(RESULT, "Potassium", FINAL, date="2024-01-05T08:00", value="5.90", unit="mmol/L")
    other = entry(RESULT, "POTASSIUM", FINAL, date="2024-01-05", value="5.9", unit="mmol/l", flag="H")
    [item] = of_two_files(one, other).results
    assert (item.fact.date, item.fact.flag) == ("2024-01-05T08:00", "H")


def test_an_allergy_is_one_fact_whenever_it_was_written_down() -> None:
    one = entry(ALLERGY, "Penicillin", ACTIVE, date="2001-01-01", reaction="Hives")
    other = entry(ALLERGY, "penicillin", ACTIVE, date="2019-05-05", reaction="Rash")
    [item] = of_two_files(one, other).allergies
    assert item.fact.reaction == "Hives; Rash"


def test_values_stand_newest_first() -> None:
    days = ("2020-01-01", "2024-01-01", "2022-01-01")
    page = coded_page("a.xml", *(entry(RESULT, "K", FINAL, date=day, value="5") for day in days))
    assert [item.fact.date for item in overview(page).results] == ["2024-01-01", "2022-01-01", "2020-01-01"]


def test_only_open_plans_are_open_actions() -> None:
    plans = (
        entry(EntryKind.PLAN, "Colonoscopy", ClinicalStatus.PLANNED),
        entry(EntryKind.PLAN, "Diet", ClinicalStatus.CURRENT),
        entry(EntryKind.PLAN, "X-ray", FINAL),
        entry(EntryKind.PLAN, "MRI", STOPPED),
    )
    assert [item.fact.name for item in overview(coded_page("a.xml", *plans)).open_actions] == ["Colonoscopy", "Diet"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (entry(ALLERGY, "No known allergies", NONE_KNOWN), entry(ALLERGY, "Penicillin", ACTIVE)),
        (
            entry(ALLERGY, "No known drug allergies", NONE_KNOWN),
            entry(ALLERGY, "Penicillin", ACTIVE, code_system="RxNorm", code="7980"),
        ),
        (entry(MEDICATION, "Warfarin", CURRENT), entry(MEDICATION, "warfarin", STOPPED)),
        (
            entry(MEDICATION, "Warfarin", CURRENT, date="2024-01"),
            entry(MEDICATION, "Warfarin", STOPPED, date="2024-01"),
        ),
        (entry(PROBLEM, "Asthma", ACTIVE), entry(PROBLEM, "Asthma", ClinicalStatus.RULED_OUT)),
        (
            entry(RESULT, "K", FINAL, code="1", date="2024-01-05T08:00", value="5.9"),
            entry(RESULT, "K", FINAL, code="1", date="2024-01-05T08:00", value="4.1"),
        ),
    ],
)
def test_what_cannot_both_be_true_is_a_conflict(one: CodedEntry, other: CodedEntry) -> None:
    [conflict] = of_two_files(one, other).conflicts
    assert {span.file for span in conflict.spans} == {"a.xml", "b.xml"}
    assert one.name in conflict.about


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (entry(ALLERGY, "No known food allergies", NONE_KNOWN), entry(ALLERGY, "Penicillin", ACTIVE)),
        (entry(ALLERGY, "No known allergies", NONE_KNOWN), entry(ALLERGY, "Penicillin", ClinicalStatus.RULED_OUT)),
        (
            entry(MEDICATION, "Warfarin", CURRENT, date="2024-01-01"),
            entry(MEDICATION, "Warfarin", STOPPED, date="2019-01-01", last_date="2019-06-01"),
        ),
        (entry(MEDICATION, "Warfarin", CURRENT), entry(MEDICATION, "Aspirin", STOPPED)),
        (entry(PROBLEM, "Asthma", ACTIVE), entry(PROBLEM, "Asthma", ClinicalStatus.FAMILY)),
    ],
)
def test_what_can_both_be_true_is_none(one: CodedEntry, other: CodedEntry) -> None:
    assert of_two_files(one, other).conflicts == ()


def test_the_patient_has_the_numbers_that_structured_files_give() -> None:
    page = coded_page("a.json", head="Patient: Orla Quillfeather\nMedical record number: a179-xy (Larkhill)")
    patient = overview(page).patient
    assert patient.name is not None
    assert patient.name.value == "Orla Quillfeather"
    assert [one.value for one in patient.identifiers] == ["a179-xy"]


def test_a_record_without_entries_has_no_items() -> None:
    assert not overview(coded_page("a.txt", head="Asthma")).has_items


def test_many_facts_of_one_name_take_little_time() -> None:
    entries = (entry(MEDICATION, "Saline", CURRENT, date=f"{1000 + n // 12}-{n % 12 + 1:02}") for n in range(4_000))
    assert len(overview(coded_page("a.json", *entries)).medications) == 4_000
