"""A question also finds what a record calls by another name."""

from __future__ import annotations

import pytest

from assistant.evidence.expansion import other_words
from assistant.evidence.lexical import terms


@pytest.mark.parametrize(
    ("question", "record"),
    [
        ("Does she have HTN?", "high blood pressure"),
        ("any SOB?", "breathlessness"),
        ("What dose of beta blocker is she taking?", "bisoprolol"),
        ("Which water tablets?", "furosemide"),
        ("last glycated haemoglobin", "HbA1c"),
        ("How were her iron stores?", "ferritin"),
        ("Is the tumour marker up?", "CEA"),
        ("any heart attack", "myocardial infarction"),
    ],
)
def test_it_knows_what_the_record_may_call_it(question: str, record: str) -> None:
    others = {word for words in other_words(question) for word in words}
    assert others & set(terms(record))


@pytest.mark.parametrize(
    "question", ["", "What is her blood group?", "stop about six months before a high goal, daily"]
)
def test_it_adds_nothing_where_nothing_is_known_or_words_are_said_in_passing(question: str) -> None:
    assert other_words(question) == ()


def test_words_of_the_question_are_not_added_again() -> None:
    assert all("apixaban" not in words for words in other_words("Which anticoagulant, apixaban?"))


@pytest.mark.parametrize("phrase", ["type 2 diabetes", "heart attack", "twice a day", "antibiotic", "kidney function"])
def test_a_phrase_adds_a_bounded_number_of_words_each_once(phrase: str) -> None:
    for words in other_words(phrase):
        assert len(words) == len(set(words)) <= 24
