"""The tokenizer keeps every byte, cuts figures alike everywhere, and a word with and without a space before it."""

from __future__ import annotations

import random

import pytest

from model_runtime.chat import Chat
from tools.bundled_model.records import RecordGenerator, RecordSize
from tools.bundled_model.tokenizer import BULLETS, SPECIAL_TOKENS, train_tokenizer

GENERATOR = RecordGenerator()
TEXTS = [
    page.text
    for seed in range(60)
    for page in GENERATOR.record(random.Random(seed), RecordSize(pages=(1, 1), facts=(3, 6), fillers=0.2)).pages
]
TOKENIZER = train_tokenizer(TEXTS, vocabulary=1024)
CHAT = Chat(TOKENIZER, frozenset((1, 6)))


@pytest.mark.parametrize("text", ["Hb  12 é ü\n\n x", "患者因胸痛入院", '"a (b) -c" [3]\n', *TEXTS[:5]])
def test_nothing_is_lost(text: str) -> None:
    assert CHAT.decode(CHAT.encode(text)) == text


def test_it_has_the_family_s_special_tokens_and_no_more_tokens_than_asked_for() -> None:
    assert TOKENIZER.convert_tokens_to_ids(list(SPECIAL_TOKENS)) == list(range(len(SPECIAL_TOKENS)))
    assert 900 < len(TOKENIZER) <= 1024


def test_figures_are_cut_two_digits_at_a_time_and_years_whole() -> None:
    tokenizer = train_tokenizer(TEXTS, vocabulary=8192)
    assert tokenizer.tokenize("5.83 mg")[:2] == ["5", ".83"]
    assert tokenizer.tokenize(" 120/80") == ["Ġ1", "20", "/80"]
    assert tokenizer.tokenize("14/03/2019") == ["14", "/03", "/", "2019"]
    assert tokenizer.tokenize("14.03.2019.") == ["14", ".03", ".2019", "."]  # only the last one ends a sentence


@pytest.mark.parametrize("bullet", BULLETS)
def test_a_bullet_is_a_token_of_its_own_and_a_hyphen_is_none(bullet: str) -> None:
    tokens = [CHAT.decode([token]) for token in CHAT.encode(f"Drugs\n{bullet} iron {bullet} low-dose")]
    assert tokens.count(f"{bullet} ") == 1
    assert tokens[tokens.index(f"{bullet} ") - 1] == "\n"


def test_what_stands_beside_a_quotation_changes_no_token_of_it() -> None:
    inside = CHAT.encode("Hb 9.8 (low).\n")
    assert CHAT.encode('"Hb 9.8 (low).\n" [2]')[1 : len(inside) + 1] == inside


@pytest.mark.parametrize("word", ["potassium", "Velmoxane", "ramipril", "(stopped", "twice"])
def test_a_word_is_cut_alike_with_and_without_a_space(word: str) -> None:
    bare, spaced = TOKENIZER.tokenize(word), TOKENIZER.tokenize(f" {word}")
    assert spaced == [f"Ġ{bare[0]}", *bare[1:]]


def test_a_form_that_texts_hardly_hold_is_no_token_and_a_rare_space_stands_apart() -> None:
    tokenizer = train_tokenizer([*TEXTS, *["zyxwv\n"] * 400, " zyxwv Zyxwv"], vocabulary=1024)
    assert tokenizer.tokenize("zyxwv") == ["zyxwv"]
    assert tokenizer.tokenize(" zyxwv") == ["Ġ", "zyxwv"]
    assert "Zyxwv" not in tokenizer.get_vocab()


def test_the_same_texts_make_the_same_tokenizer() -> None:
    again = train_tokenizer(TEXTS, vocabulary=1024)
    assert again.backend_tokenizer.to_str() == TOKENIZER.backend_tokenizer.to_str()


@pytest.mark.parametrize("word", ["potassium", "velmoxane", "ramipril", "twice"])
def test_a_word_is_cut_alike_with_and_without_a_capital(word: str) -> None:
    small, capital = TOKENIZER.tokenize(word), TOKENIZER.tokenize(word.capitalize())
    assert capital == [small[0].capitalize(), *small[1:]]
    assert TOKENIZER.tokenize(f" {word.capitalize()}") == [f"Ġ{capital[0]}", *capital[1:]]
