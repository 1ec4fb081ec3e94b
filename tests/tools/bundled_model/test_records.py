"""Invented records: every fact stands on its page, seeds decide, and what is held out stays out of training."""

from __future__ import annotations

import random
import re

import pytest

from assistant.conversation.line_breaks import joined_lines
from tools.bundled_model.questions import plain
from tools.bundled_model.records import InventedRecord, RecordGenerator, RecordSize
from tools.bundled_model.word_pools import is_held_out, made_up_word, read_pools, without_star

SIZE = RecordSize(pages=(1, 3), facts=(3, 8), fillers=0.3)
SENTENCES = ("The cough was worse after every walk uphill.", "Swimming helped more than anything else last year.")
GENERATOR = RecordGenerator(SENTENCES)


def record(seed: int, *, held_out: bool = False) -> InventedRecord:
    return GENERATOR.record(random.Random(seed), SIZE, held_out=held_out)


@pytest.mark.parametrize("held_out", [False, True])
def test_every_fact_stands_on_its_page_in_the_segment_to_quote(held_out: bool) -> None:
    facts = 0
    for seed in range(60):
        made = record(seed, held_out=held_out)
        for fact in made.facts:
            assert is_segment(fact.quote, joined_lines(made.pages[fact.n - 1].text))
            assert plain(fact.stated.marked).rstrip(".;!?") in plain(fact.quote)
            facts += 1
        for natural in made.naturals:
            assert is_segment(natural.quote, joined_lines(made.pages[natural.n - 1].text))
            assert natural.quote.count(natural.word) == 1
    assert facts > 300


def is_segment(quote: str, page: str) -> bool:
    """Whether the quote stands on the page between two boundaries."""
    before, after = r"(?:\A|\n(?:[-•*] )?|[.;!?]\s)\s*", r"\s*(?:\n|[.;!?]+(?:\s|\Z)|\Z)"
    return quote == quote.strip() and bool(re.search(before + re.escape(quote) + after, page))


def test_no_mark_of_the_making_is_left_on_a_page() -> None:
    for seed in range(60):
        for page in record(seed).pages:
            assert not {"\ue000", "\ue001", "{", "}", "*[", "[["} & set(page.text)


def test_the_same_seed_makes_the_same_record() -> None:
    assert [record(seed) for seed in range(5)] == [record(seed) for seed in range(5)]
    assert record(1) != record(2)


def test_held_out_words_and_kinds_are_in_no_training_record() -> None:
    held_out = {without_star(word) for pool in read_pools().values() for word in pool if is_held_out(word)}
    names = {word for word in held_out if len(word) > 6 and not any(c.isdigit() for c in word)}
    training = "\n".join(page.text for seed in range(40) for page in record(seed).pages).casefold()
    kinds = {fact.stated.kind.name for seed in range(40) for fact in record(seed).facts}
    assert len(names) > 40
    assert not {name for name in names if f" {name.casefold()} " in training}
    assert not {name for name in kinds if is_held_out(name)}


def test_held_out_records_hold_the_kinds_that_training_does_not() -> None:
    kinds = {fact.stated.kind.name for seed in range(80) for fact in record(seed, held_out=True).facts}
    assert {"vaccination*", "device*", "theatre*"} <= kinds


def test_a_thing_is_stated_once_unless_it_is_measured_again() -> None:
    for seed in range(40):
        seen: dict[tuple[str, str], int] = {}
        for fact in record(seed).facts:
            key = (fact.stated.kind.name, fact.stated.key)
            seen[key] = seen.get(key, 0) + 1
        again = [name for (name, _), count in seen.items() if count > 1]
        assert len(again) <= 2


def test_a_drug_can_be_made_up() -> None:
    words = {made_up_word(random.Random(seed), "drug") for seed in range(50)}
    assert len(words) > 45
    assert all(word.islower() for word in words)
