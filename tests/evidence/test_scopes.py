"""Denials, doubts and relatives reach as far as their clause."""

from __future__ import annotations

import pytest

from assistant.evidence.scopes import standing_terms


def marked(text: str) -> str:
    """The content keys of `text`, with - for denied, ? for doubted, @ for a relative."""
    return " ".join(
        each.term.key + "-" * each.standing.denied + "?" * each.standing.doubted + "@" * each.standing.of_relative
        for each in standing_terms(text)
    )


@pytest.mark.parametrize(
    ("text", "standing"),
    [
        ("She denies cough, fever or chills, but reports nausea.", "cough- fever- chill- nausea"),
        ("No fracture. Swelling.", "fracture- swelling"),
        ("Pneumonia was ruled out.", "pneumonia- rule- out"),
        ("A mass was not seen.", "mass- seen-"),
        ("Negative for gout.", "gout-"),
        ("Possible pneumonia, cough", "pneumonia? cough"),
        ("to rule out gout", "rule? out? gout?"),
        ("Take it if nauseous.", "take nausea?"),
        ("Her mother had gout, he has asthma", "mother@ gout@ asthma"),
        ("Allergies: NKDA", "allergi known- drug- allergi-"),
    ],
)
def test_a_cue_reaches_to_the_end_of_its_clause(text: str, standing: str) -> None:
    assert marked(text) == standing
