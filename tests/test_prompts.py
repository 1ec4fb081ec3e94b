from __future__ import annotations

import pytest

from assistant.prompts import PROMPTS, blanks, fill, not_in_record

BLANKS = {
    "copied_text": {"file", "first_words", "last_words", "n", "page"},
    "earlier_turns": {"turns"},
    "instruction_left_out": set(),
    "instructions": {"not_in_record"},
    "not_in_record": set(),
    "passages": {"files", "pages_total", "passages"},
    "question": {"earlier", "question"},
    "record": {"pages"},
    "suggested_questions": set(),
    "summary_brief": set(),
    "system": set(),
}


def test_every_prompt_has_just_the_blanks_that_the_program_fills() -> None:
    assert {path.stem: set(blanks(path.stem)) for path in PROMPTS.glob("*.txt")} == BLANKS


def test_a_missing_or_surplus_value_is_an_error() -> None:
    with pytest.raises(ValueError, match="blanks"):
        fill("record")
    with pytest.raises(ValueError, match="blanks"):
        fill("system", pages="x")


def test_braces_in_the_record_stay_as_they_are() -> None:
    assert "{{question}} and {{pages}}" in fill("record", pages="{{question}} and {{pages}}")


def test_nothing_found_is_one_sentence() -> None:
    assert not_in_record() == "The record does not say."
