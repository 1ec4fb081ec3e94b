"""Batches of training: some answers of a conversation are shown wrong, and no wrong one is learned."""

from __future__ import annotations

import random

from assistant.prompts import not_in_record
from tests.tools.bundled_model.test_tokenizer import CHAT
from tools.bundled_model.batches import MISTAKEN_SHARE, BatchMaker, with_mistakes
from tools.bundled_model.judging import is_right
from tools.bundled_model.plan import SMOKE_PLAN
from tools.bundled_model.questions import Asker
from tools.bundled_model.records import RecordGenerator, RecordSize

GENERATOR = RecordGenerator(("The cough was worse after every walk uphill.", "Swimming helped more than rest did."))


def test_some_answers_before_the_last_are_wrong_and_not_learned() -> None:
    before = mistaken = refused = 0
    for seed in range(150):
        dice = random.Random(seed)
        record = GENERATOR.record(dice, RecordSize(pages=(1, 3), facts=(3, 8), fillers=0.3))
        exchanges = Asker(GENERATOR, dice).exchanges(record, 8)
        if not exchanges:
            continue
        shown = with_mistakes(exchanges, dice)
        assert [one.question for one in shown] == [one.question for one in exchanges]
        assert shown[-1] == exchanges[-1]
        for ours, right in zip(shown, exchanges, strict=True):
            assert ours.is_learned == is_right(ours.answer, right)
            assert ours.answer in {not_in_record(), *(other.answer for other in exchanges)}
            assert ours == right or not ours.is_learned
            refused += not ours.is_learned and ours.answer == not_in_record()
        before += len(shown) - 1
        mistaken += sum(not one.is_learned for one in shown)
    assert 0.7 * MISTAKEN_SHARE < mistaken / before < 1.2 * MISTAKEN_SHARE
    assert 0.3 < refused / mistaken < 0.8


def test_batches_show_answers_that_are_not_learned() -> None:
    stage = SMOKE_PLAN.stages[-1]
    made = BatchMaker(SMOKE_PLAN, GENERATOR, CHAT, pad=0).batches(stage, "0")
    unlearned = 0
    for _ in range(20):
        batch = next(made)
        ends = batch.tokens == 6  # of every message
        unlearned += int(ends.sum() - 2 * (ends & batch.is_answer).sum() - len(batch.tokens))
        assert (batch.is_answer & ends).any(dim=1).all()
    assert unlearned > 0
