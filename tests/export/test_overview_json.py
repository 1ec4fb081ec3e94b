"""The overview's JSON is the contract's: names, statuses and codes of the facts, citations that quote their page."""

from __future__ import annotations

from assistant.clinical.coded_overview import coded_overview
from assistant.coded import ClinicalStatus, EntryKind
from assistant.domain import Page, PageRef
from assistant.export.overview_json import overview_json
from tests.clinical.coded_pages import coded_page, entry

HEAD = "Patient: Orla Quillfeather\nDate of birth: 1961-07-04\nSex: Female\nMedical record number: 770123"


def page() -> Page:
    potassium = entry(
        EntryKind.RESULT,
        "Potassium",
        ClinicalStatus.FINAL,
        date="2024-01-05T08:00",
        value="5.9",
        unit="mmol/L",
        flag="H",
        code_system="LOINC",
        code="2823-3",
    )
    none = entry(EntryKind.ALLERGY, "No known allergies", ClinicalStatus.NONE_KNOWN)
    penicillin = entry(EntryKind.ALLERGY, "Penicillin", ClinicalStatus.ACTIVE)
    return coded_page("a.xml", potassium, none, penicillin, head=HEAD)


def test_the_object_is_as_promised() -> None:
    only = page()
    asked: list[PageRef] = []

    def page_of(ref: PageRef) -> Page:
        asked.append(ref)
        return only

    found = overview_json(coded_overview(lambda: [only]), page_of)
    assert list(found) == [
        "patient",
        "allergies",
        "problems",
        "medications",
        "results",
        "vitals",
        "procedures",
        "encounters",
        "open_actions",
        "conflicts",
    ]
    patient = found["patient"]
    assert (patient["name"], patient["sex"]) == ("Orla Quillfeather", "female")
    assert (patient["birth_date"], patient["identifiers"]) == ("1961-07-04", ["770123"])
    [result] = found["results"]
    [citation] = result.pop("citations")
    assert result == {
        "name": "Potassium",
        "status": "final",
        "date": "2024-01-05",
        "value": "5.9",
        "unit": "mmol/L",
        "flag": "H",
        "code": {"system": "LOINC", "code": "2823-3"},
    }
    assert citation["quote"] == only.text[citation["start"] : citation["end"]] == "Potassium"
    assert [item["status"] for item in found["allergies"]] == ["none_known", "active"]
    assert found["conflicts"][0]["about"].startswith('The record states "No known allergies"')
    assert asked == [PageRef(file="a.xml", page=1)]
