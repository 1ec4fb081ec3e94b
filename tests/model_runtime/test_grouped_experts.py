"""Grouped experts equal the same experts one after the other, whoever chose what."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from model_runtime.expert_stack import ExpertStack, multiply_stack_plainly
from model_runtime.grouped_experts import GroupedProduct
from model_runtime.quantization import Nf4, dequantize_plainly, quantize_plainly
from model_runtime.resident_experts import ResidentExperts

EXPERTS, HIDDEN, WIDTH, CHOSEN = 12, 128, 64, 3


def stack() -> ExpertStack:
    source = torch.Generator().manual_seed(11)
    shapes = [(EXPERTS, WIDTH, HIDDEN), (EXPERTS, WIDTH, HIDDEN), (EXPERTS, HIDDEN, WIDTH)]
    gate, up, down = (quantize_plainly((torch.randn(shape, generator=source) * 0.1).bfloat16()) for shape in shapes)
    return ExpertStack(gate=gate, up=up, down=down)


def request(tokens: int) -> tuple[Tensor, Tensor, Tensor]:
    source = torch.Generator().manual_seed(tokens)
    hidden = torch.randn(tokens, HIDDEN, generator=source).bfloat16()
    ids = torch.stack([torch.randperm(EXPERTS, generator=source)[:CHOSEN] for _ in range(tokens)])
    return hidden, ids, torch.rand(tokens, CHOSEN, generator=source)


def dequantize_into(weight: Nf4, out: Tensor) -> None:
    out.copy_(dequantize_plainly(weight))


@pytest.mark.parametrize("tokens", [1, 5, 40, 1100])
def test_grouped_equals_one_expert_after_the_other(tokens: int) -> None:
    hidden, ids, weights = request(tokens)
    expected = multiply_stack_plainly(hidden, ids, weights, stack()).float()
    found = GroupedProduct(dequantize_into)(hidden, ids, weights, stack()).float()
    assert (found - expected).norm() / expected.norm() < 0.01


def test_all_tokens_may_choose_the_same_experts_and_leave_the_others_empty() -> None:
    hidden, ids, weights = request(20)
    same = ids[:1].expand(20, CHOSEN)
    expected = multiply_stack_plainly(hidden, same, weights, stack()).float()
    found = GroupedProduct(dequantize_into)(hidden, same, weights, stack()).float()
    assert (found - expected).norm() / expected.norm() < 0.01


def test_the_buffer_serves_layer_after_layer_and_the_order_of_tokens_does_not_matter() -> None:
    product = GroupedProduct(dequantize_into)
    hidden, ids, weights = request(30)
    first = product(hidden, ids, weights, stack())
    assert torch.equal(product(hidden, ids, weights, stack()), first)
    assert torch.equal(product(hidden.flip(0), ids.flip(0), weights.flip(0), stack()).flip(0), first)


@pytest.mark.parametrize("tokens", [2, 30])
def test_resident_experts_give_the_same_for_few_tokens_and_for_many(tokens: int) -> None:
    hidden, ids, weights = request(tokens)
    experts = ResidentExperts(stack(), grouped=GroupedProduct(dequantize_into))
    expected = multiply_stack_plainly(hidden, ids, weights, stack()).float()
    found = experts.forward(hidden, ids, weights).float()
    assert (found - expected).norm() / expected.norm() < 0.01
    assert experts.place(ids, hidden) is ids
