"""Statements of clinical text: where prose, tables, lists and headings are cut, and where they are not."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.evidence.sentences import is_heading, is_row, sentences


def cut(text: str) -> list[str]:
    return [text[extent.start : extent.end] for extent in sentences(text)]


def test_a_full_stop_ends_a_sentence() -> None:
    assert cut("No chest pain. Denies fever! Any rash? None.") == [
        "No chest pain.",
        "Denies fever!",
        "Any rash?",
        "None.",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Seen by Dr. Alba Venn in clinic.",
        "Take 2.5 mg b.i.d. Monday to Friday.",
        "Potassium was 5.9 mmol/L.",
        "Weight approx. 80 kg at discharge.",
        "Referred to J. Ortelli for review.",
        "2. Metoprolol was stopped.",
    ],
)
def test_a_full_stop_that_ends_no_sentence_does_not_cut(text: str) -> None:
    assert cut(text) == [text]


def test_a_wrapped_paragraph_is_read_as_one() -> None:
    text = "She came with shortness of breath and was\ngiven furosemide 40 mg. She improved\nover the next few days."
    assert cut(text) == [
        "She came with shortness of breath and was\ngiven furosemide 40 mg.",
        "She improved\nover the next few days.",
    ]


def test_rows_of_a_table_are_units_of_their_own() -> None:
    rows = [
        "Test Result Reference",
        "Potassium 5.9 mmol/L 3.5-5.1 H",
        "Sodium 139 mmol/L 135-145",
        "HbA1c 7.2 % 4.0-5.6 H",
    ]
    assert cut("\n".join(rows)) == rows


def test_items_of_a_list_are_units_of_their_own() -> None:
    items = ["- lisinopril 10 mg daily", "- no known drug allergies", "3) follow up in two weeks with the clinic"]
    assert cut("\n".join(items)) == items


def test_a_heading_is_not_joined_to_what_it_heads() -> None:
    assert cut("ALLERGIES\nPenicillin causes a rash.\nPlan:\nContinue the same treatment.") == [
        "ALLERGIES",
        "Penicillin causes a rash.",
        "Plan:",
        "Continue the same treatment.",
    ]


def test_each_speaker_starts_a_unit() -> None:
    assert cut("Doctor: any pain now\nPatient: no it is better") == ["Doctor: any pain now", "Patient: no it is better"]


def test_chinese_sentences_need_no_space_between_them() -> None:
    assert cut("患者有高血压。否认胸痛。") == ["患者有高血压。", "否认胸痛。"]


def test_prose_with_a_number_is_no_row() -> None:
    assert is_row("Potassium 5.9 mmol/L 3.5-5.1 H")
    assert not is_row("with a potassium of 5.9 mmol/L on admission")


def test_a_result_in_capitals_is_no_heading() -> None:
    assert is_heading("PAST MEDICAL HISTORY")
    assert not is_heading("INR 2.4")


@given(st.text(alphabet=st.sampled_from("aB. \n:-1。!?\t"), max_size=80))
def test_nothing_but_white_space_is_left_out_and_nothing_comes_twice(text: str) -> None:
    extents = sentences(text)
    assert "".join("".join(text[e.start : e.end].split()) for e in extents) == "".join(text.split())
    assert all(a.end <= b.start for a, b in pairwise(extents))
