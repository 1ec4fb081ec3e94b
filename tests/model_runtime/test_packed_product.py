"""The packed order, its product and the C dequantization equal the plain 4-bit form."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from model_runtime import packed_product
from model_runtime.bitsandbytes_cpu import dequantize_on_cpu
from model_runtime.packed_product import (
    PackedNf4,
    PackedProduct,
    Run,
    has_packed_product,
    multiply_packed_plainly,
    pack,
    pack_into,
    unpack,
)
from model_runtime.quantization import Nf4, dequantize_plainly, quantize_plainly

needs_packed_product = pytest.mark.skipif(not has_packed_product(), reason="the packed product needs a CPU with AVX2")


def random_nf4(*shape: int) -> Nf4:
    weight = torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape))) * 0.05
    return quantize_plainly(weight.bfloat16())


def random_hidden(tokens: int, columns: int) -> Tensor:
    return torch.randn(tokens, columns, generator=torch.Generator().manual_seed(tokens))


def error(found: Tensor, expected: Tensor) -> float:
    return float((found.float() - expected).norm() / expected.norm())


def test_unpacking_undoes_packing() -> None:
    weight = random_nf4(3, 64, 128)
    back = unpack(pack(weight))
    assert torch.equal(back.packed, weight.packed)
    assert torch.equal(back.absmax, weight.absmax)


def test_two_matrices_packed_below_each_other_are_one_taller_matrix() -> None:
    gate, up = random_nf4(2, 32, 64), random_nf4(2, 64, 64)
    both = PackedNf4(
        packed=torch.empty(2, 96, 32, dtype=torch.uint8), absmax=torch.empty(2, 1, 96, dtype=torch.bfloat16)
    )
    pack_into(gate, both, first_row=0)
    pack_into(up, both, first_row=32)
    expected = torch.cat([dequantize_plainly(gate), dequantize_plainly(up)], dim=1)
    assert torch.equal(dequantize_plainly(unpack(both)), expected)


@needs_packed_product
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("tokens", [1, 2, 3, 4, 5, 63, 64, 65, 131])
def test_the_packed_product_equals_the_plain_one_for_any_number_of_tokens(tokens: int, dtype: torch.dtype) -> None:
    weights = pack(random_nf4(4, 96, 256))
    hidden = random_hidden(tokens, 256).to(dtype)
    for matrix in (0, 3):
        found = PackedProduct(weights).multiply(hidden, [Run(matrix=matrix, source=0, count=tokens)])
        assert error(found, multiply_packed_plainly(hidden, weights[matrix])) < 4e-4  # activations of 13 bits


@needs_packed_product
def test_runs_take_their_own_rows_and_stand_one_after_the_other() -> None:
    weights = pack(random_nf4(3, 32, 64))
    hidden = random_hidden(9, 64)
    places = torch.tensor([8, 0, 0, 3, 5, 5, 1])
    runs = [Run(matrix=2, source=0, count=1), Run(matrix=0, source=3, count=4), Run(matrix=1, source=1, count=2)]
    found = PackedProduct(weights).multiply(hidden, runs, places)
    expected = [
        multiply_packed_plainly(hidden[places[run.source : run.source + run.count]], weights[run.matrix])
        for run in runs
    ]
    assert error(found, torch.cat(expected)) < 4e-4


@needs_packed_product
@pytest.mark.parametrize("tokens", [1, 6])
def test_zeros_give_zeros_and_what_is_no_number_stays_in_its_row(tokens: int) -> None:
    weights = pack(random_nf4(64, 128))
    hidden = torch.zeros(tokens, 128)
    run = [Run(matrix=0, source=0, count=tokens)]
    assert not PackedProduct(weights).multiply(hidden, run).any()
    for bad in (float("nan"), float("inf")):
        hidden[0, 77] = bad
        found = PackedProduct(weights).multiply(hidden, run)
        assert not found[0].isfinite().any()
        assert not found[1:].any()


@needs_packed_product
def test_the_largest_numbers_of_a_block_do_not_overflow() -> None:
    weight = torch.ones(32, 64).bfloat16()
    hidden = torch.full((5, 64), -3.0)
    found = PackedProduct(pack(quantize_plainly(weight))).multiply(hidden, [Run(matrix=0, source=0, count=5)])
    torch.testing.assert_close(found, torch.full((5, 32), -192.0))


@needs_packed_product
def test_the_product_at_full_width_agrees_with_the_packed_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The way of processors with AMX, taken here by every run of 48 tokens and more."""
    weights = pack(random_nf4(2, 64, 128))
    hidden = random_hidden(70, 128)
    runs = [Run(matrix=1, source=0, count=50), Run(matrix=0, source=50, count=20)]
    packed = PackedProduct(weights).multiply(hidden, runs)
    monkeypatch.setattr(packed_product, "_has_amx", lambda: True)
    assert error(PackedProduct(weights).multiply(hidden, runs), packed) < 0.01  # bf16 weights and activations


@needs_packed_product
def test_one_thread_and_several_give_the_same_numbers(several_threads: None) -> None:
    product = PackedProduct(pack(random_nf4(2, 96, 192)))
    hidden = random_hidden(40, 192)
    runs = [Run(matrix=matrix, source=0, count=20) for matrix in (0, 1)]
    several = product.multiply(hidden, runs)
    torch.set_num_threads(1)
    assert torch.equal(product.multiply(hidden, runs), several)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_c_dequantization_equals_the_plain_one(dtype: torch.dtype) -> None:
    weight = random_nf4(2, 40, 192)
    found = dequantize_on_cpu(weight, dtype)
    if found is None:
        pytest.skip("this bitsandbytes has no C function for the CPU")
    assert torch.equal(found, dequantize_plainly(weight).to(dtype))
