from __future__ import annotations

import pytest

from assistant.understanding.person_names import NameMatch, edit_distance, match_names


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SMITH, Anna M", "Anna Smith"),
        ("A. Smith", "Mrs Anna Smith"),
        ("TARROWBY, Winifred Anne", "Win Tarrowby"),
        ("TARROWBY, Winifred Anne", "Winifred Tarroby"),
        ("O'Neil, Sean", "Sean ONeil"),
        ("José García", "Jose Garcia Lopez"),
        ("Bill Clark", "William Clark"),
        ("Jan van der Berg", "VAN DER BERG, Jan"),
        ("McDonald, Ian", "Ian Mc Donald"),
        ("Mr. Adam Frankie Everyman", "Adam Everyman"),
    ],
)
def test_writings_of_one_name(one: str, other: str) -> None:
    assert match_names(one, other) is NameMatch.SAME
    assert match_names(other, one) is NameMatch.SAME


@pytest.mark.parametrize(
    ("one", "other", "match"),
    [
        ("Anna Smith", "Anna Jones", NameMatch.GIVEN),
        ("Robert Smith", "Anna Smith", NameMatch.SURNAME),
        ("TARROWBY, Winifred Anne", "Leonard Tarrowby", NameMatch.SURNAME),
        ("Marsh, Eleanor", "Andrew Perez", NameMatch.DIFFERENT),
        ("王小明", "王小朋", NameMatch.DIFFERENT),
    ],
)
def test_names_of_two_people(one: str, other: str, match: NameMatch) -> None:
    assert match_names(one, other) is match


def test_the_distance_counts_swapped_neighbours_once() -> None:
    assert edit_distance("tarrowby", "tarrwoby") == 1
    assert edit_distance("marsh", "") == 5
    assert edit_distance("anna", "anne") == 1
