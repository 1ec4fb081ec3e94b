"""Text falls into terms that compare by meaning: stems, synonyms, numbers with units."""

from __future__ import annotations

import pytest

from assistant.evidence.terms import content_terms, terms
from assistant.evidence.units import is_same_amount


def keys(text: str) -> list[str]:
    return [term.key + (f" {term.unit}" if term.unit else "") for term in content_terms(text)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("20mg", "20 milligrams"),
        ("10 mg/day", "10 mg daily"),
        ("1,200.50 mL", "1200.5 ml"),
        ("two weeks", "2 weeks"),
        ("62-year-old", "62 years old"),
        ("HTN", "high blood pressure"),
        ("SOB", "shortness of breath"),
        ("Tylenol BID", "paracetamol twice a day"),
        ("haemoglobin", "hemoglobin"),
        ("b.i.d.", "bd"),
        ("q.d. p.o.", "every day by mouth"),
        ("2x daily", "two times a day"),
        ("every six hours", "every 6 hours"),
        ("twenty-five tablets", "25 tablets"),
        ("when required", "prn"),
        ("renal function", "kidney function"),
        ("felt sick", "nausea"),
    ],
)
def test_what_means_the_same_has_the_same_keys(one: str, other: str) -> None:
    assert keys(one) == keys(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("20 mg", "20 mcg"),
        ("1+", "11+"),
        ("2nd", "3nd"),
        ("-2.5", "2.5"),
        ("normal", "abnormal"),
        ("bd", "od"),
        ("twenty, five", "25"),
    ],
)
def test_what_means_another_thing_has_other_keys(one: str, other: str) -> None:
    assert keys(one) != keys(other)


@pytest.mark.parametrize(
    ("number", "unit", "other", "other_unit", "is_same"),
    [
        ("1", "g", "1000", "mg", True),
        ("0.5", "mg", "500", "mcg", True),
        ("1.5", "l", "1500", "ml", True),
        ("1", "g", "100", "mg", False),
        ("1", "mcg", "1", "ml", False),
        ("2", "week", "14", "day", False),  # only powers of ten are converted
        ("120/80", "g", "120", "mg", False),
        ("5", "mg", "5", "mg", True),
    ],
)
def test_metric_units_of_one_amount_agree(number: str, unit: str, other: str, other_unit: str, is_same: bool) -> None:
    assert is_same_amount(number, unit, other, other_unit) is is_same


def test_function_words_and_marks_carry_no_meaning() -> None:
    assert keys("The patient states that she has had [1], [2-4]") == []


def test_every_term_knows_where_it_stands() -> None:
    text = "BP 150/90 mmHg on 12 May 2024, isn't high"
    words = [text[term.start : term.end] for term in terms(text) if term.is_content]
    assert words == ["BP", "150/90 mmHg", "12 May 2024", "n't", "high"]


def test_a_phrase_of_several_words_keeps_its_parts() -> None:
    (term,) = content_terms("type 2 diabetes")
    assert term.parts == ("type", "2", "diabet")
    (indivisible,) = content_terms("hemoglobin A1c")
    assert not indivisible.parts
