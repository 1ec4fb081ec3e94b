"""Dates are found in every form that notes use, and one proves another only if it says as much."""

from __future__ import annotations

import pytest

from assistant.evidence.dates import dates


@pytest.mark.parametrize(
    ("text", "readings"),
    [
        ("on 2024-05-12.", {"2024-05-12"}),
        ("12 May 2024", {"2024-05-12"}),
        ("May 12th, 2024", {"2024-05-12"}),
        ("13/04/21", {"2021-04-13"}),
        ("03/04/2021", {"2021-04-03", "2021-03-04"}),
        ("01/2020", {"2020-01"}),
        ("in May 2019", {"2019-05"}),
        ("on 3 Sept", {"--09-03"}),
    ],
)
def test_a_date_is_read_in_every_form(text: str, readings: set[str]) -> None:
    (found,) = dates(text)
    assert found.readings == readings


@pytest.mark.parametrize(
    "text", ["BP 150/90", "14/2021", "6/10 pain", "31/02/2024", "3.5-5.1", "in 2019", "may 2 tablets?"]
)
def test_what_is_no_date_is_not_read_as_one(text: str) -> None:
    assert not [found for found in dates(text) if not next(iter(found.readings)).startswith("--")]


@pytest.mark.parametrize(
    ("stated", "cited", "is_proven"),
    [
        ("May 2024", "12 May 2024", True),
        ("12 May 2024", "May 2024", False),
        ("12 May", "12 May 2024", True),
        ("12 May 2024", "12 May", False),
        ("3 April 2021", "03/04/2021", False),
        ("03/04/2021", "03/04/2021", True),
    ],
)
def test_a_date_is_proven_only_by_one_that_says_as_much(stated: str, cited: str, is_proven: bool) -> None:
    assert dates(stated)[0].is_proven_by(dates(cited)[0]) is is_proven
