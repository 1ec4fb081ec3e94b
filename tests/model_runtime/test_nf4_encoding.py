"""The compiled function gives the bytes that bitsandbytes gives, for whatever bf16 numbers a block may hold."""

from __future__ import annotations

import logging

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from model_runtime.errors import CheckpointError
from model_runtime.nf4_encoding import quantize
from model_runtime.quantization import dequantize_plainly, encode_plainly, quantize_plainly

logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
functional = pytest.importorskip("bitsandbytes.functional")

FINITE = st.integers(0, 0xFFFF).filter(lambda bits: bits & 0x7F80 != 0x7F80)


def bf16(bits: list[int]) -> Tensor:
    return torch.tensor([b - 65_536 if b > 32_767 else b for b in bits], dtype=torch.int16).view(torch.bfloat16)


def reference(weights: Tensor) -> tuple[Tensor, Tensor]:
    packed, state = functional.quantize_4bit(weights, blocksize=64, quant_type="nf4")
    return packed.view(-1), state.absmax


@given(st.lists(FINITE, min_size=1, max_size=300))
@settings(max_examples=60, deadline=None)
def test_the_plain_way_equals_bitsandbytes_for_any_length_and_any_finite_number(bits: list[int]) -> None:
    weights = bf16(bits)
    packed, absmax = encode_plainly(weights)
    expected, expected_absmax = reference(weights)
    assert torch.equal(packed, expected)
    assert torch.equal(absmax, expected_absmax.to(torch.bfloat16))


@given(st.integers(0, 2**32), st.sampled_from([0, 3, 9, 60, 127, 190, 250, 253]), st.integers(1, 12))
@settings(max_examples=60, deadline=None)
def test_it_equals_bitsandbytes_at_every_scale(seed: int, exponent: int, octaves: int) -> None:
    source = torch.Generator().manual_seed(seed)
    exponents = (exponent - torch.randint(0, octaves + 1, (32, 64), generator=source)).clamp(min=0)
    bits = exponents << 7 | torch.randint(0, 128, (32, 64), generator=source)
    bits += torch.randint(0, 2, (32, 64), generator=source) << 15
    weights = bits.to(torch.int16).view(torch.bfloat16)
    quantized = quantize(weights)
    packed, absmax = reference(weights)
    assert torch.equal(quantized.packed.view(-1), packed)
    assert torch.equal(quantized.absmax.view(-1).float(), absmax)


def test_every_mantissa_of_the_largest_weight_and_every_smaller_weight_agree() -> None:
    largest = torch.arange(128, dtype=torch.int32)[:, None, None] + (120 << 7)
    smaller = (largest - torch.arange(63 * 32, dtype=torch.int32).view(1, 32, 63)).clamp(min=0)
    bits = torch.cat([largest.expand(128, 32, 1), smaller], dim=2)
    for sign in (0, -32_768):
        weights = (bits + sign).to(torch.int16).view(torch.bfloat16).reshape(-1, 64)
        assert torch.equal(quantize(weights).packed.view(-1), reference(weights)[0])


def test_ordinary_weights_over_many_tasks_agree() -> None:
    weights = (torch.randn(1030, 1024, generator=torch.Generator().manual_seed(5)) * 0.02).bfloat16()
    weights[3] = 0
    quantized = quantize(weights)
    packed, absmax = reference(weights)
    assert torch.equal(quantized.packed.view(-1), packed)
    assert torch.equal(quantized.absmax.view(-1).float(), absmax)


def test_the_first_weight_of_a_pair_takes_the_high_half_of_the_byte() -> None:
    weights = torch.zeros(1, 64, dtype=torch.bfloat16)
    weights[0, 0], weights[0, 1] = 1.0, -1.0
    assert int(quantize(weights).packed[0, 0]) == 0xF0


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_weight_that_is_no_number_is_refused(value: float) -> None:
    weights = torch.ones(4, 64, dtype=torch.bfloat16)
    weights[2, 7] = value
    with pytest.raises(CheckpointError, match="not a finite number"):
        quantize(weights)
    with pytest.raises(CheckpointError, match="not a finite number"):
        encode_plainly(weights)


def test_rows_that_are_no_whole_blocks_are_refused() -> None:
    with pytest.raises(CheckpointError, match="no multiple of 64"):
        quantize(torch.zeros(2, 100, dtype=torch.bfloat16))


def test_plain_dequantization_equals_bitsandbytes() -> None:
    weights = (torch.randn(8, 256, generator=torch.Generator().manual_seed(6)) * 0.1).bfloat16()
    packed, state = functional.quantize_4bit(weights.float(), blocksize=64, quant_type="nf4")
    assert torch.equal(dequantize_plainly(quantize_plainly(weights)), functional.dequantize_4bit(packed, state))
