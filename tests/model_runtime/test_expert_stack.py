"""The plain products over a stack of experts are the experts' formula, and a row does not depend on its neighbours."""

from __future__ import annotations

import torch

from model_runtime.expert_stack import multiply_rows_plainly, multiply_stack_plainly
from model_runtime.experts import nf4_experts
from tests.model_runtime.expert_stacks import random_stack


def test_the_stack_gives_what_the_experts_one_by_one_give() -> None:
    stack = random_stack(6)
    source = torch.Generator().manual_seed(1)
    hidden, weights = torch.randn(5, 64, generator=source), torch.rand(5, 3, generator=source)
    ids = torch.stack([torch.randperm(6, generator=source)[:3] for _ in range(5)])
    expected = nf4_experts(stack.gate, stack.up, stack.down, torch.float32).forward(hidden, ids, weights)
    torch.testing.assert_close(multiply_stack_plainly(hidden, ids, weights, stack), expected)
    by_row = multiply_rows_plainly(hidden, ids, weights, stack)
    torch.testing.assert_close(by_row, expected)
    assert torch.equal(by_row[2:3], multiply_rows_plainly(hidden[2:3], ids[2:3], weights[2:3], stack))


def test_where_an_expert_lies_does_not_change_a_bit() -> None:
    stack = random_stack(6)
    order = torch.tensor([4, 0, 5, 2, 1, 3])  # where each expert lies in the other stack
    other = random_stack(6, seed=8)
    for tensor, moved in zip(stack.tensors, other.tensors, strict=True):
        moved[order] = tensor
    source = torch.Generator().manual_seed(1)
    hidden, weights = torch.randn(4, 64, generator=source), torch.rand(4, 3, generator=source)
    ids = torch.tensor([[0, 1, 2], [2, 1, 5], [3, 3, 4], [5, 4, 0]])
    expected = multiply_stack_plainly(hidden, ids, weights, stack)
    assert torch.equal(multiply_stack_plainly(hidden, order[ids], weights, other), expected)


def test_a_part_of_a_stack_is_no_copy() -> None:
    stack = random_stack(6)
    part = stack.part(2, 3)
    assert len(part) == 3
    assert part.byte_count * 2 == stack.byte_count
    part.down.packed[0] = 0
    assert not stack.down.packed[2].any()
