"""What is known of tokens before training: how seldom they name what a question asks about."""

from __future__ import annotations

from statistics import fmean

from tests.tools.bundled_model.test_tokenizer import CHAT, GENERATOR
from tools.bundled_model.plan import SMOKE_PLAN
from tools.bundled_model.vocabulary import vocabulary_of

VOCABULARY = vocabulary_of(SMOKE_PLAN, GENERATOR, CHAT, 150)


def common(text: str) -> float:
    return fmean(VOCABULARY.common[token] for token in CHAT.encode(text))


def test_words_that_any_question_holds_name_nothing_and_a_capital_changes_nothing() -> None:
    assert common(" what") > 0.5
    assert common(" The") == common(" the")


def test_pieces_of_names_are_as_rare_as_the_names() -> None:
    assert len(CHAT.encode(" velmoxane")) > 2
    assert common(" velmoxane") < common(" what") / 2


def test_figures_and_punctuation_name_nothing() -> None:
    assert common(" 12") == common("?") == 1


def test_an_abbreviation_of_our_list_means_the_other() -> None:
    (asked,), (meant,) = CHAT.encode(" ed"), CHAT.encode(" er")
    assert meant in VOCABULARY.meanings[asked]
