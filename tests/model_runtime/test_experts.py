"""The experts of a layer give the same output however they are kept and however many tokens come at once."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from model_runtime.experts import full_experts, nf4_experts
from model_runtime.linears import FullLinear, Nf4Linear, PackedLinear
from model_runtime.packed_experts import PackedExperts
from model_runtime.packed_product import PackedNf4, has_packed_product, pack, pack_into
from model_runtime.quantization import Nf4, dequantize_plainly, quantize_plainly

needs_packed_product = pytest.mark.skipif(not has_packed_product(), reason="the packed product needs a CPU with AVX2")
EXPERTS, HIDDEN, WIDTH, CHOSEN = 12, 128, 64, 3


def stacks() -> list[Nf4]:
    source = torch.Generator().manual_seed(11)
    shapes = [(EXPERTS, WIDTH, HIDDEN), (EXPERTS, WIDTH, HIDDEN), (EXPERTS, HIDDEN, WIDTH)]
    return [quantize_plainly((torch.randn(shape, generator=source) * 0.1).bfloat16()) for shape in shapes]


def request(tokens: int) -> tuple[Tensor, Tensor, Tensor]:
    source = torch.Generator().manual_seed(tokens)
    hidden = torch.randn(tokens, HIDDEN, generator=source)
    ids = torch.stack([torch.randperm(EXPERTS, generator=source)[:CHOSEN] for _ in range(tokens)])
    return hidden, ids, torch.rand(tokens, CHOSEN, generator=source)


def written_out(hidden: Tensor, ids: Tensor, weights: Tensor) -> Tensor:
    """Token by token, slot by slot, in float32."""
    gate, up, down = (dequantize_plainly(stack) for stack in stacks())
    rows = []
    for token in range(len(hidden)):
        total = torch.zeros(HIDDEN)
        for slot in range(CHOSEN):
            expert = int(ids[token, slot])
            inner = F.silu(gate[expert] @ hidden[token]) * (up[expert] @ hidden[token])
            total += weights[token, slot] * (down[expert] @ inner)
        rows.append(total)
    return torch.stack(rows)


@pytest.mark.parametrize("tokens", [1, 7, 40])
def test_full_and_4_bit_experts_equal_the_formula(tokens: int) -> None:
    hidden, ids, weights = request(tokens)
    expected = written_out(hidden, ids, weights)
    gate, up, down = stacks()
    four_bit = nf4_experts(gate, up, down, torch.float32).forward(hidden, ids, weights)
    full = full_experts(*(dequantize_plainly(stack) for stack in (gate, up, down))).forward(hidden, ids, weights)
    torch.testing.assert_close(four_bit, expected, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(full, expected, rtol=1e-4, atol=1e-4)


@needs_packed_product
@pytest.mark.parametrize("tokens", [1, 2, 7, 8, 9, 100])
def test_packed_experts_equal_the_formula_selected_and_grouped(tokens: int) -> None:
    hidden, ids, weights = request(tokens)
    gate, up, down = stacks()
    both = PackedNf4(
        packed=torch.empty(EXPERTS, 2 * WIDTH, HIDDEN // 2, dtype=torch.uint8),
        absmax=torch.empty(EXPERTS, HIDDEN // 64, 2 * WIDTH, dtype=torch.bfloat16),
    )
    pack_into(gate, both, first_row=0)
    pack_into(up, both, first_row=WIDTH)
    found = PackedExperts(both, pack(down)).forward(hidden.bfloat16(), ids, weights).float()
    expected = written_out(hidden.bfloat16().float(), ids, weights)
    assert (found - expected).norm() / expected.norm() < 0.01


def test_an_expert_that_no_token_chose_is_not_touched() -> None:
    gate, up, down = (dequantize_plainly(stack) for stack in stacks())
    hidden, ids, weights = request(5)
    ids = ids.clamp(max=EXPERTS - 2)
    expected = full_experts(gate, up, down).forward(hidden, ids, weights)
    gate[EXPERTS - 1] = float("nan")
    assert torch.equal(full_experts(gate, up, down).forward(hidden, ids, weights), expected)


@needs_packed_product
def test_the_three_linears_agree() -> None:
    weight = stacks()[0][4]
    hidden = torch.randn(2, 3, HIDDEN, generator=torch.Generator().manual_seed(2)).bfloat16()
    full = FullLinear(dequantize_plainly(weight))(hidden.float())
    four_bit = Nf4Linear(weight)(hidden.float())
    packed = PackedLinear(pack(weight))(hidden).float()
    assert torch.equal(full, four_bit)
    assert packed.shape == full.shape
    assert (packed - full).norm() / full.norm() < 5e-3
