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
