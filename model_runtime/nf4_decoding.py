"""Bring 4-bit matrices back to full width by the fastest way that a device has."""

from __future__ import annotations

import torch
from torch import Tensor

from model_runtime.bitsandbytes_cpu import dequantize_on_cpu
from model_runtime.quantization import BLOCK_WEIGHTS, Nf4, dequantize_plainly


def dequantize(weight: Nf4, dtype: torch.dtype) -> Tensor:
    """The matrix [rows, columns] in `dtype`, on its device."""
    if weight.packed.is_cuda:
        return _dequantize_on_gpu(weight, dtype)
    found = dequantize_on_cpu(weight, dtype)
    return found if found is not None else dequantize_plainly(weight).to(dtype)


def _dequantize_on_gpu(weight: Nf4, dtype: torch.dtype) -> Tensor:
    import bitsandbytes  # noqa: F401  registers the operation; here because it takes seconds and a CPU never needs it

    # Flat, because bitsandbytes transposes a result whose packed first dimension is 1.
    result: Tensor = torch.ops.bitsandbytes.dequantize_4bit.default(
        weight.packed.reshape(-1, 1), weight.absmax.reshape(-1).float(), BLOCK_WEIGHTS, "nf4", list(weight.shape), dtype
    )
    return result
