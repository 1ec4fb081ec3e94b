"""Questions about invented records: the answer to learn is one that the judge calls right."""

from __future__ import annotations

import random
import re
from collections import Counter
from dataclasses import replace

import pytest

from assistant.conversation.marks import marks, quotes
from assistant.prompts import not_in_record
from tools.bundled_model.judging import FLOORS, judge, reaches_floors, scores
from tools.bundled_model.questions import Asker, Exchange, Task, plain, quoted
from tools.bundled_model.records import InventedPage, InventedRecord, Natural, RecordGenerator, RecordSize

SIZE = RecordSize(pages=(1, 4), facts=(3, 8), fillers=0.3)
GENERATOR = RecordGenerator(("The cough was worse after every walk uphill.", "Swimming helped more than rest did."))


def asked(seed: int, *, held_out: bool = False) -> tuple[InventedRecord, list[Exchange]]:
    dice = random.Random(seed)
    record = GENERATOR.record(dice, SIZE, held_out=held_out)
    return record, Asker(GENERATOR, dice, held_out=held_out).exchanges(record, 10)


@pytest.mark.parametrize("held_out", [False, True])
def test_the_answer_to_learn_is_right_verbatim_and_cited(held_out: bool) -> None:
    for seed in range(60):
        record, exchanges = asked(seed, held_out=held_out)
        for exchange in exchanges:
            judgement = judge(exchange.answer, exchange, record)
            assert judgement.is_right, exchange
            assert judgement.quotes == judgement.verbatim == judgement.placed
            assert judgement.is_refusal == (exchange.task is Task.ABSENT)
            assert judgement.is_cited == (exchange.task is not Task.ABSENT)


def test_every_task_is_asked() -> None:
    counts = Counter(exchange.task for seed in range(150) for exchange in asked(seed)[1])
    assert set(counts) == set(Task)
    assert counts[Task.ONE_FACT] > counts[Task.ABSENT] > counts[Task.CHANGE]


def test_no_slot_is_left_open_and_no_question_is_asked_twice() -> None:
    for seed in range(60):
        questions = [exchange.question for exchange in asked(seed)[1]]
        assert not any("{" in question for question in questions)
        assert len(set(questions)) == len(questions)


def test_what_is_absent_is_not_in_the_record() -> None:
    named_in = re.compile(r"(?:What was the|What is the latest|How high was the|How is the|Is|Who is the) ([\w ]+)\?")
    seen = 0
    for seed in range(40):
        dice = random.Random(seed)
        record = GENERATOR.record(dice, SIZE, held_out=True)
        text = plain(" ".join(page.text for page in record.pages))
        for exchange in Asker(GENERATOR, dice, held_out=True).exchanges(record, 20, tasks=(Task.ABSENT,)):
            if exchange.task is Task.ABSENT and (named := named_in.fullmatch(exchange.question)):
                assert f" {plain(named[1])} " not in f" {text} "
                seen += 1
    assert seen > 20


def test_an_answer_has_the_form_that_the_prompts_ask_for() -> None:
    for seed in range(20):
        for exchange in asked(seed)[1]:
            if exchange.task is Task.ABSENT:
                assert exchange.answer == not_in_record()
            else:
                assert len(quotes(exchange.answer)) == len(marks(exchange.answer)) == exchange.answer.count('" [')


def test_what_one_segment_states_twice_is_quoted_once() -> None:
    record = next(record for record, _ in map(asked, range(30)) if len(record.facts) > 1)
    first, second = (replace(fact, n=1, quote="Iron 3 and zinc 4") for fact in record.facts[:2])
    assert quoted([first, second]) == '"Iron 3 and zinc 4" [1]'
    assert quoted([first, replace(second, n=2)]) == '"Iron 3 and zinc 4" [1]\n"Iron 3 and zinc 4" [2]'


def test_a_natural_sentence_is_asked_for_by_its_rare_word_and_what_follows() -> None:
    natural = Natural(n=1, word="uphill", quote="The cough, (uphill, only) was worse")
    record = InventedRecord(pages=(InventedPage(file="a.pdf", text=natural.quote),), facts=(), naturals=(natural,))
    found = []
    for seed in range(40):
        asker = Asker(GENERATOR, random.Random(seed), plain_words=True)
        found += asker.exchanges(record, 1, tasks=(Task.NATURAL,))
    named = re.compile("(?:What is recorded about |What do we know about |)(.*)[?]")
    names = {match[1] for exchange in found if (match := named.fullmatch(exchange.question))}
    assert names == {"uphill", "uphill only", "uphill only was"}
    assert {exchange.answer for exchange in found} == {f'"{natural.quote}" [1]'}


def test_the_judge_sees_what_is_wrong() -> None:
    record, exchanges = next(
        (record, exchanges) for record, exchanges in map(asked, range(30)) if exchanges[0].task is Task.ONE_FACT
    )
    exchange = exchanges[0]
    assert not judge("The record does not say.", exchange, record).is_right
    assert not judge('"something that stands nowhere" [1]', exchange, record).verbatim
    elsewhere = exchange.answer.replace(f"[{exchange.pages[0]}]", "[9]")
    assert judge(elsewhere, exchange, record).is_right
    assert not judge(elsewhere, exchange, record).is_cited
    assert judge(elsewhere, exchange, record).verbatim == 1
    assert judge(elsewhere, exchange, record).placed == 0


def test_a_model_ships_only_above_all_floors() -> None:
    assert reaches_floors(FLOORS)
    for name in FLOORS:
        assert not reaches_floors({**FLOORS, name: FLOORS[name] - 0.01})
        assert not reaches_floors({other: share for other, share in FLOORS.items() if other != name})


def test_scores_are_shares_by_task() -> None:
    judged = [judge(exchange.answer, exchange, record) for record, found in map(asked, range(40)) for exchange in found]
    found = scores(judged)
    assert {name: found[name] for name in FLOORS} == dict.fromkeys(FLOORS, 1.0)
    assert found["told_refused"] == 0.0
