"""The packed order, its product and the C dequantization equal the plain 4-bit form."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from model_runtime import cpu_kernels
from model_runtime.cpu_kernels import PackedNf4, PackedProduct, pack, pack_into, unpack
from model_runtime.quantization import Nf4, dequantize_plainly, quantize_plainly

needs_avx512_bf16 = pytest.mark.skipif(
    not cpu_kernels.has_packed_product(), reason="the packed product needs a CPU with AVX512-BF16"
)


def random_nf4(*shape: int) -> Nf4:
    weight = torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape))) * 0.05
    return quantize_plainly(weight.bfloat16())


def product(weights: PackedNf4, index: int, hidden: Tensor) -> Tensor:
    out = torch.empty(len(hidden), weights.rows, dtype=torch.bfloat16)
    PackedProduct(weights).multiply(index, hidden, out, count=len(hidden))
    return out


def test_unpacking_undoes_packing() -> None:
    weight = random_nf4(3, 64, 128)
    back = unpack(pack(weight))
    assert torch.equal(back.packed, weight.packed)
    assert torch.equal(back.absmax, weight.absmax)


def test_the_packed_order_is_that_of_bitsandbytes() -> None:
    functional = pytest.importorskip("bitsandbytes.functional")
    weight = (torch.randn(96, 192, generator=torch.Generator().manual_seed(3)) * 0.1).bfloat16()
    codes, state = functional.quantize_4bit(weight, blocksize=64, quant_type="nf4")
    expected, state = functional._convert_weight_packed_for_cpu(codes, state)
    packed = pack(quantize_plainly(weight))
    assert torch.equal(packed.packed, expected)
    assert torch.equal(packed.absmax, state.absmax)


def test_two_matrices_packed_below_each_other_are_one_taller_matrix() -> None:
    gate, up = random_nf4(2, 32, 64), random_nf4(2, 64, 64)
    both = PackedNf4(
        packed=torch.empty(2, 96, 32, dtype=torch.uint8), absmax=torch.empty(2, 1, 96, dtype=torch.bfloat16)
    )
    pack_into(gate, both, first_row=0)
    pack_into(up, both, first_row=32)
    expected = torch.cat([dequantize_plainly(gate), dequantize_plainly(up)], dim=1)
    assert torch.equal(dequantize_plainly(unpack(both)), expected)


@needs_avx512_bf16
@pytest.mark.parametrize("tokens", [1, 2, 3, 5, 17, 128, 131, 600])
def test_the_packed_product_equals_the_plain_one_for_any_number_of_tokens(tokens: int) -> None:
    weights = pack(random_nf4(4, 96, 256))
    hidden = torch.randn(tokens, 256, generator=torch.Generator().manual_seed(tokens)).bfloat16()
    for index in (0, 3):
        one = PackedNf4(packed=weights.packed[index], absmax=weights.absmax[index])
        expected = cpu_kernels.multiply_packed_plainly(hidden, one)
        error = (product(weights, index, hidden).float() - expected).norm() / expected.norm()
        assert error < 5e-3  # bf16 weights inside the kernel, bf16 out


@needs_avx512_bf16
def test_a_product_touches_only_the_rows_that_it_is_asked_for() -> None:
    weights = pack(random_nf4(2, 32, 64))
    hidden = torch.randn(9, 64, generator=torch.Generator().manual_seed(1)).bfloat16()
    out = torch.zeros(9, 32, dtype=torch.bfloat16)
    PackedProduct(weights).multiply(1, hidden, out, source=2, target=5, count=3)
    assert torch.equal(out[5:8], product(weights, 1, hidden[2:5]))
    assert not out[:5].any()
    assert not out[8:].any()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_c_dequantization_equals_the_plain_one(dtype: torch.dtype) -> None:
    weight = random_nf4(2, 40, 192)
    found = cpu_kernels.dequantize_on_cpu(weight, dtype)
    if found is None:
        pytest.skip("this bitsandbytes has no C function for the CPU")
    assert torch.equal(found, dequantize_plainly(weight).to(dtype))


def test_memory_on_huge_pages_is_zeroed_and_writable() -> None:
    memory = cpu_kernels.empty_on_huge_pages((3, 5), torch.bfloat16)
    assert not memory.any()
    memory[1, 2] = 4
    assert memory.sum() == 4
