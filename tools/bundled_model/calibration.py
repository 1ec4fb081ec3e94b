"""Where an answer turns from quoting to refusing, set after training on records like those of training.

Training weighs the two by how often each is right; a reader is to do both well. So the refusal is made likelier or less
likely, and nothing else, until as large a share of what is absent is refused as of what is told is quoted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import torch

from tools.bundled_model.conversations import Example
from tools.bundled_model.hidden_rooms import MARKS_AT, OPENS
from tools.bundled_model.network import TrainingNetwork


def calibrate(network: TrainingNetwork, examples: Iterable[Example], *, refusal: int, quotation: int) -> float:
    """Change the head of `network`; returns by how much less the logit of `refusal` is where an answer begins.

    `refusal` and `quotation` are the tokens that answers begin with. Nothing is changed where the examples have only
    answers of one kind.
    """
    leanings: dict[bool, list[float]] = {True: [], False: []}  # of absent things, of told ones
    opened: list[float] = []
    network.eval()
    with torch.no_grad():
        for example in examples:
            hidden = network.hidden_states(torch.tensor([example.tokens], device=network.norm.weight.device))[0]
            for start, _ in example.answers:
                before = hidden[start - 1]
                refused, quoted = network.lm_head.weight[[refusal, quotation]] @ before
                leanings[example.tokens[start] == refusal].append(float(refused - quoted))
                opened.append(float(before[MARKS_AT + OPENS]))
        if not (leanings[True] and leanings[False]):
            return 0.0
        turning = _turning_point(leanings[True], leanings[False])
        network.lm_head.weight[refusal, MARKS_AT + OPENS] -= turning * len(opened) / sum(opened)
    return turning


def _turning_point(absent: Sequence[float], told: Sequence[float]) -> float:
    """The leaning above which about as large a share of the absent lies as of the told below it."""
    points = sorted([*absent, *told])
    between = [(one + other) / 2 for one, other in pairwise(points)]

    def worse_share(point: float) -> float:
        return min(sum(one > point for one in absent) / len(absent), sum(one < point for one in told) / len(told))

    return max(between, key=worse_share)
