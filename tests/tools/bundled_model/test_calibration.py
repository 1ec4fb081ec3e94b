"""The threshold between quoting and refusing is put where both are done equally well, and moves nothing else."""

from __future__ import annotations

import torch
from torch import Tensor

from tests.tools.bundled_model.test_network import QUOTATION, REFUSAL, begun, conversation, leaning, pages, some_words
from tools.bundled_model.calibration import calibrate
from tools.bundled_model.conversations import Example
from tools.bundled_model.plan import CPU_PLAN

WORDS = some_words()
RECORD, LINES = pages(WORDS)
TOLD, ABSENT = LINES[2:18, 4], WORDS[300:316]


def examples(asked: Tensor, opening: int) -> list[Example]:
    tokens = [(*conversation(RECORD, word).tolist(), opening) for word in asked]
    return [Example(tokens=tuple(one), answers=((len(one) - 1, len(one)),)) for one in tokens]


def test_what_leans_to_one_side_is_set_right_and_answers_go_on_as_before() -> None:
    network = begun(rope_theta=CPU_PLAN.config["rope_theta"])
    shown = examples(TOLD, QUOTATION) + examples(ABSENT, REFUSAL)
    calibrate(network, shown, refusal=REFUSAL, quotation=QUOTATION)
    assert leaning(network, RECORD, TOLD) < 0 < leaning(network, RECORD, ABSENT)

    inside = conversation(RECORD, TOLD[0], [QUOTATION, *LINES[2, :3].tolist()])[None]
    with torch.no_grad():
        before = network(inside)[0, -1]
        found = calibrate(network, shown, refusal=REFUSAL, quotation=QUOTATION)
        after = network(inside)[0, -1]
    assert abs(found) < 0.5
    assert torch.allclose(before, after, atol=1e-3)


def test_with_answers_of_one_kind_nothing_is_changed() -> None:
    network = begun(rope_theta=CPU_PLAN.config["rope_theta"])
    before = network.lm_head.weight.clone()
    assert calibrate(network, examples(TOLD[:2], QUOTATION), refusal=REFUSAL, quotation=QUOTATION) == 0
    assert torch.equal(network.lm_head.weight, before)
