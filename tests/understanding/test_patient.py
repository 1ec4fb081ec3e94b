from __future__ import annotations

import pytest

from assistant.understanding.patient import find_patient
from tests.pages import page


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Patient: Marsh, Eleanor   DOB: 14 Mar 1951", "Marsh, Eleanor"),
        ("Patient name: Eleanor Marsh\nSex: F", "Eleanor Marsh"),
        ("Patient TARROWBY, Winifred Anne Date of birth 12 Mar 1951", "TARROWBY, Winifred Anne"),
        ("O'NEIL, Sean born 3 May 1949 Hospital no. N447", "O'NEIL, Sean"),
        ("Re: Mrs Ada Brook, 12 Elm Road", "Ada Brook"),
        ("Patient was seen and has improved.", None),
        ("Patient: denies chest pain and cough", None),
        ("Name of the drug: Bisoprolol", None),
    ],
)
def test_the_name_is_what_a_label_states(text: str, name: str | None) -> None:
    found = find_patient([page(text)]).name
    assert (found.value if found else None) == name


def test_what_most_pages_state_wins_and_points_to_its_place() -> None:
    pages = [
        page("Mother: seen. Patient: Other, Person", number=1),
        *(page("Patient: Marsh, Eleanor DOB 14 Mar 1951 Sex: Female MRN 0047731", number=n) for n in (2, 3)),
    ]
    patient = find_patient(pages)
    assert patient.name is not None
    assert patient.name.value == "Marsh, Eleanor"
    span = patient.name.span
    assert pages[span.page - 1].text[span.start : span.end] == "Marsh, Eleanor"
    assert patient.birth_date is not None
    assert patient.birth_date.value == "14 Mar 1951"
    assert patient.sex is not None
    assert patient.sex.value == "F"
    assert [identifier.value for identifier in patient.identifiers] == ["0047731"]


@pytest.mark.parametrize(
    ("text", "name", "birth_date", "number"),
    [
        (
            "Patient: Adam Parker\n\nDate of birth: 1992-12-14\n\nMedical record number: 998991 (2.16)",
            "Adam Parker",
            "1992-12-14",
            "998991",
        ),
        ("Name: Anna Smith\nNHS No: 999 217 4406\nDOB 12/03/1951", "Anna Smith", "12/03/1951", "999 217 4406"),
        ("Patient\tSMITH, Anna\tDate of birth\t12 Mar 1951\tMRN\tA4471902", "SMITH, Anna", "12 Mar 1951", "A4471902"),
        ("Surname: SMITH  First names: Anna Rose  Date of birth: 02/03/1947", "SMITH, Anna Rose", "02/03/1947", None),
        ("Frau Anna Schmidt, geb. 03.09.1950, Fall-Nr 123456", "Anna Schmidt", "03.09.1950", "123456"),
        ("姓名：陈晓梅 性别：女 出生日期：1972-02-14 病历号：20240318", "陈晓梅", "1972-02-14", "20240318"),
        ("Patient: VANTONGEREN, LIESEL   Age/Sex: 45 F   DOB: 10/30/1978", "VANTONGEREN, LIESEL", "10/30/1978", None),
    ],
)
def test_labels_of_many_countries(text: str, name: str, birth_date: str, number: str | None) -> None:
    found = find_patient([page(text)])
    assert found.name is not None
    assert found.birth_date is not None
    assert (found.name.value, found.birth_date.value) == (name, birth_date)
    assert [one.value for one in found.identifiers] == ([number] if number else [])


@pytest.mark.parametrize(
    "text",
    [
        "Next of kin: Name: Robert Smith  DOB 01/01/1949",
        "Guarantor\nName: Robert Smith\nDate of birth: 01/01/1949",
        "Ordering physician name: Robert Smith MRN 4471902",
        "Re: Annual Review\nRe: Chest Pain Clinic",
        "Name: Robert Smith",  # nobody says whose name it is
    ],
)
def test_others_are_not_the_patient(text: str) -> None:
    assert find_patient([page(text)]).name is None
