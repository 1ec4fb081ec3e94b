"""A follow-up is searched with what it refers to, over several turns too."""

from __future__ import annotations

import pytest

from assistant.conversation.followups import leans_on_earlier, search_query
from assistant.domain import Answer, Coverage, ReadingMode, Statement, Support

COVERAGE = Coverage(record_tokens=0, context_tokens=0, prompt_tokens=0, pages_read=0, pages_total=0)


def turn(question: str, said: str = "", support: Support = Support.SUPPORTED) -> Answer:
    return Answer(
        question=question,
        text=said,
        mode=ReadingMode.RETRIEVAL,
        statements=(Statement(text=said, support=support),),
        citations=(),
        coverage=COVERAGE,
    )


def test_a_question_that_stands_alone_is_searched_alone() -> None:
    assert search_query("Which allergies are recorded?", [turn("What is the dose of furosemide?")]) == (
        "Which allergies are recorded?"
    )


def test_and_the_dose_is_searched_with_its_drug() -> None:
    assert search_query("and the dose?", [turn("Which blood thinner does she take?", "She takes apixaban.")]) == (
        "Which blood thinner does she take? She takes apixaban. and the dose?"
    )


def test_a_chain_of_three_keeps_its_subject_and_what_lies_between() -> None:
    history = [
        turn("Any allergies?", "Penicillin."),
        turn("What dose of furosemide does she take?", "80 mg."),
        turn("Why was it raised?", "Ankle edema."),
    ]
    found = search_query("Since when?", history)
    assert found == "What dose of furosemide does she take? Why was it raised? Ankle edema. Since when?"


def test_what_was_not_proven_is_not_searched_for() -> None:
    history = [turn("Which blood thinner does she take?", "Perhaps warfarin.", Support.UNSUPPORTED)]
    assert search_query("and the dose?", history) == "Which blood thinner does she take? and the dose?"


def test_a_follow_up_with_nothing_before_it_is_searched_as_it_is() -> None:
    assert search_query("and the dose?", []) == "and the dose?"
    assert search_query("When?", [turn("And the dose?", "5 mg.")]) == "And the dose? 5 mg. When?"


@pytest.mark.parametrize("question", ["and the dose?", "When was it stopped?", "Since when?", "Why?", "那剂量呢？"])
def test_such_a_question_leans_on_an_earlier_one(question: str) -> None:
    assert leans_on_earlier(question)
