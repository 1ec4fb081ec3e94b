"""The 4-bit products give what the formulas give: odd sizes, one token and many, all tokens at the same expert."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from model_runtime.expert_stack import ExpertStack
from model_runtime.gated_mlp import GatedMlp
from model_runtime.kernels import experts, nf4_linear, nf4_tile
from model_runtime.kernels.dequantize import dequantize_into
from model_runtime.kernels.nf4_linear import multiply, multiply_plainly
from model_runtime.kernels.nf4_tile import nf4_levels, nibble_planes
from model_runtime.quantization import Nf4, dequantize_plainly, quantize_plainly

NAN = float("nan")
LEVELS = nf4_levels(torch.device("cpu"))


def four_bit(*shape: int) -> Nf4:
    source = torch.Generator().manual_seed(sum(shape))
    return quantize_plainly((torch.randn(shape, generator=source) * shape[-1] ** -0.5).bfloat16())


def error(found: Tensor, expected: Tensor) -> float:
    return float((found.float() - expected.float()).norm() / expected.float().norm())


@pytest.mark.parametrize(
    ("rows", "columns", "tokens"), [(1, 64, 1), (35, 192, 3), (7, 1024, 1), (5, 1152, 8), (5, 2048, 2)]
)
def test_a_linear_map_equals_the_formula(rows: int, columns: int, tokens: int) -> None:
    weight, hidden = four_bit(rows, columns), torch.randn(tokens, columns)
    out = torch.full((tokens, rows), NAN)
    multiply(weight, nibble_planes(hidden), LEVELS, out)
    assert error(out, multiply_plainly(weight, hidden)) < 1e-5


def test_the_number_of_rows_that_a_program_takes_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    weight, hidden = four_bit(11, 64), torch.randn(1, 64)
    found = []
    for rows in (2, 4, 16):
        monkeypatch.setattr(nf4_linear, "rows_of_program", lambda _, rows=rows: rows)
        out = torch.full((1, 11), NAN)
        multiply(weight, nibble_planes(hidden), LEVELS, out)
        found.append(out)
    torch.testing.assert_close(found[0], found[1])
    torch.testing.assert_close(found[0], found[2])


def test_planes_hold_the_activation_of_every_nibble() -> None:
    row = torch.arange(64.0)[None]
    words = nf4_tile.words_of(quantize_plainly(torch.ones(1, 64).bfloat16()))
    planes = nibble_planes(row)[0]
    assert words.shape == (1, 8)
    assert planes[:, 0].tolist() == [1, 0, 3, 2, 5, 4, 7, 6]  # the high nibble of a byte comes first
    assert planes[1, 3] == 24


@pytest.mark.parametrize("shape", [(3, 5, 64), (2, 7, 192), (1, 9, 1024)])
def test_the_dequantizer_equals_the_plain_one_to_the_bit(shape: tuple[int, ...]) -> None:
    weight, out = four_bit(*shape), torch.full(shape, NAN, dtype=torch.bfloat16)
    dequantize_into(weight, LEVELS, out)
    assert torch.equal(out, dequantize_plainly(weight).bfloat16())


def mlp(width: int, hidden: int, *, is_nf4: bool) -> GatedMlp:
    parts = [four_bit(width, hidden), four_bit(width, hidden), four_bit(hidden, width)]
    gate, up, down = parts if is_nf4 else [dequantize_plainly(part).bfloat16() for part in parts]
    return GatedMlp(gate=gate, up=up, down=down)


@pytest.mark.parametrize(
    ("slots", "width", "hidden", "chosen", "tokens", "shared"),
    [
        (5, 64, 128, 3, 1, mlp(64, 128, is_nf4=True)),
        (5, 64, 192, 3, 4, mlp(128, 192, is_nf4=False)),  # k is no power of two
        (3, 128, 64, 2, 8, mlp(64, 64, is_nf4=True)),
        (3, 64, 64, 0, 2, mlp(192, 64, is_nf4=True)),  # a dense layer
        (3, 64, 64, 0, 1, mlp(192, 64, is_nf4=False)),
        (4, 64, 64, 2, 2, None),
    ],
)
def test_experts_and_the_shared_one_equal_the_formula(
    slots: int, width: int, hidden: int, chosen: int, tokens: int, shared: GatedMlp | None
) -> None:
    stack = None
    if chosen:
        stack = ExpertStack(
            gate=four_bit(slots, width, hidden), up=four_bit(slots, width, hidden), down=four_bit(slots, hidden, width)
        )
    source = torch.Generator().manual_seed(tokens)
    values = torch.randn(tokens, hidden, generator=source).bfloat16()
    ids = torch.randint(slots, (tokens, chosen), generator=source)
    weights = torch.rand(tokens, chosen, generator=source)
    inner = experts.empty_inner(tokens, chosen, width, shared, values.device)
    inner.routed.fill_(NAN)
    inner.shared.fill_(NAN)
    out = torch.full((tokens, hidden), NAN, dtype=torch.bfloat16)
    experts.gate_up(stack, shared, values, nibble_planes(values), ids, LEVELS, inner)
    experts.down(stack, shared, inner, ids, weights, LEVELS, out)
    assert error(out, experts.experts_plainly(stack, shared, values, ids, weights)) < 0.01


def test_all_tokens_may_choose_the_same_slot_and_the_others_are_not_read() -> None:
    gate, up, down = four_bit(6, 64, 64), four_bit(6, 64, 64), four_bit(6, 64, 64)
    for part in (gate, up, down):
        part.absmax[[0, 1, 2, 4, 5]] = NAN
    stack = ExpertStack(gate=gate, up=up, down=down)
    hidden, ids = torch.randn(3, 64).bfloat16(), torch.full((3, 2), 3)
    weights = torch.rand(3, 2)
    out = experts.multiply_stack(hidden, ids, weights, stack)
    assert error(out, experts.experts_plainly(stack, None, hidden, ids, weights)) < 0.01
