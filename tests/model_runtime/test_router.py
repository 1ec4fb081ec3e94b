"""The router chooses within the best groups, by biased scores, and weighs by unbiased ones."""

from __future__ import annotations

import torch

from model_runtime.config import parse_config
from model_runtime.router import Router
from tests.model_runtime.tiny_checkpoint import tiny_config


def chosen(scores: list[float], bias: list[float], **changes: object) -> tuple[list[int], list[float]]:
    """Ids, sorted, and weights in their order for one token whose sigmoid scores are given."""
    config = parse_config(tiny_config(num_experts=len(scores), hidden_size=1, routed_scaling_factor=1.0, **changes))
    weight = torch.logit(torch.tensor(scores))[:, None]
    ids, weights = Router(config, weight, torch.tensor(bias)).choose(torch.ones(1, 1))
    order = ids[0].argsort()
    return ids[0][order].tolist(), weights[0][order].tolist()


def test_experts_outside_the_best_groups_are_never_chosen() -> None:
    # Expert 4 has the best score of all, but its group's two best sum to less.
    ids, _ = chosen([0.8, 0.7, 0.75, 0.6, 0.95, 0.1], [0.0] * 6, n_group=3, topk_group=2, num_experts_per_tok=3)
    assert ids == [0, 1, 2]


def test_an_open_expert_with_a_negative_biased_score_beats_closed_ones() -> None:
    scores, bias = [0.9, 0.6, 0.5, 0.5], [0.0, -0.9, -0.6, -0.6]
    ids, _ = chosen(scores, bias, n_group=2, topk_group=1, num_experts_per_tok=2)
    assert ids == [0, 1]


def test_the_bias_selects_but_does_not_weigh() -> None:
    ids, weights = chosen([0.5, 0.25, 0.25, 0.25], [0, 0, 0.5, 0], n_group=1, topk_group=1, num_experts_per_tok=2)
    assert ids == [0, 2]
    assert weights == [2 / 3, 1 / 3] or torch.allclose(torch.tensor(weights), torch.tensor([2 / 3, 1 / 3]))
