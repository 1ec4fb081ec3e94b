from __future__ import annotations

import pytest

from assistant.understanding.authors import author_of, authors
from tests.understanding.test_event_dates import lines


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Yours sincerely,\n\nDr Ines Roth-Hale\nConsultant Nephrologist", "Dr Ines Roth-Hale"),
        ("Electronically checked and signed\nS/N Joanna Pell\nPractice nurse", "S/N Joanna Pell"),
        ("Electronically signed by Benedikt Aurelio, MD on 8/31/2022", "Benedikt Aurelio"),
        ("Dictated by: Priya Raman, MD", "Priya Raman"),
        ("Reported by: Dr Tamsin Adeyinka, Consultant Radiologist, 10/01/2024", "Dr Tamsin Adeyinka"),
        ("Authorized by: M. Tierney, Senior Biomedical Scientist.", "M. Tierney"),
        ("Marguerite Oyelaran, MD\nPathologist", "Marguerite Oyelaran"),
        ("报告医师：王立新", "王立新"),
        ("Mit freundlichen Grüßen\nDr. Roswitha Kleinschmidt\nFachärztin", "Dr. Roswitha Kleinschmidt"),
        ("pp Miss Merryn Tregarthen-Shah\nConsultant Ophthalmic Surgeon", "Miss Merryn Tregarthen-Shah"),
        ("Kind regards\nPhilippa\nPhilippa Drummond-Ng", "Philippa Drummond-Ng"),
        ("Surgeon: Mr T. Verhoeven\nElectronically checked and signed\nMr Tomasz Verhoeven", "Mr Tomasz Verhoeven"),
        ("Signed by: Kezia Wren\nSigned by: Yusuf Demir", "Kezia Wren"),
    ],
)
def test_who_signed_or_dictated_is_the_author(text: str, name: str) -> None:
    found = author_of(list(authors(lines(text), 1)))
    assert found is not None
    assert found.value == name
    assert text[found.start : found.end] == name


@pytest.mark.parametrize(
    "text",
    [
        "Patient's signature: Anna Smith",
        "Ordering Provider: T. Amberly NP",
        "Copy to: Mrs W. A. Tarrowby",
        "Kind regards",
        "Office Visit\nPatient: Marlowe, Theodora",
        "Rathkeale Bay General Hospital",
        "She signed the form and went home.",
    ],
)
def test_others_are_not(text: str) -> None:
    assert author_of(list(authors(lines(text), 1))) is None
