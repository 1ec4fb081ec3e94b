"""What is known of tokens before training: how common they are in questions."""

from __future__ import annotations

from tests.tools.bundled_model.test_tokenizer import CHAT, GENERATOR
from tools.bundled_model.plan import SMOKE_PLAN
from tools.bundled_model.vocabulary import vocabulary_of

VOCABULARY = vocabulary_of(SMOKE_PLAN, GENERATOR, CHAT, 150)


def common(text: str) -> float:
    (token,) = CHAT.encode(text)
    return VOCABULARY.common[token]


def test_words_that_any_question_holds_are_common_and_a_capital_changes_nothing() -> None:
    assert common(" the") > 0.9
    assert common(" The") == common(" the")


def test_pieces_of_names_are_as_rare_as_the_names() -> None:
    pieces = CHAT.encode(" velmoxane")[1:]
    assert len(pieces) > 1
    assert max(VOCABULARY.common[token] for token in pieces) < common(" the") / 2


def test_figures_and_punctuation_name_nothing() -> None:
    assert common(" 12") == common("?") == 1
