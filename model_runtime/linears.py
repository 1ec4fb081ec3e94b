"""Linear maps in the three ways that a weight may be kept: at full width, in 4 bits, in 4 bits packed for the CPU."""

from __future__ import annotations

from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from model_runtime.nf4_decoding import dequantize
from model_runtime.packed_product import PackedNf4, PackedProduct, Run
from model_runtime.quantization import Nf4

# Two Zen 3 cores, 20,000 x 2,048 weights: 16 rows take 64 ms in bf16 and 100 by way of float32, 512 rows 130 s and 0.3.
_ROWS_WORTH_FLOAT32 = 24
_ROWS_WIDENED_AT_ONCE = 1024  # of a weight, so that its float32 copy stays in the cache


def multiply(hidden: Tensor, weight: Tensor) -> Tensor:
    """hidden [..., in] times weight [out, in] -> [..., out]; by way of float32 where a CPU has no product in bf16."""
    is_slow = weight.dtype is torch.bfloat16 and not weight.is_cuda and not _has_bf16_product()
    if not is_slow or hidden.numel() < _ROWS_WORTH_FLOAT32 * hidden.shape[-1]:
        return F.linear(hidden, weight)
    wide = hidden.float()
    out = hidden.new_empty((*hidden.shape[:-1], len(weight)))
    for start in range(0, len(weight), _ROWS_WIDENED_AT_ONCE):
        rows = weight[start : start + _ROWS_WIDENED_AT_ONCE].float()
        out[..., start : start + len(rows)] = F.linear(wide, rows)
    return out


@cache
def _has_bf16_product() -> bool:
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


class FullLinear:
    """weight: [out, in] in the dtype of the activations."""

    def __init__(self, weight: Tensor) -> None:
        self.weight = weight

    def __call__(self, hidden: Tensor) -> Tensor:
        """[..., in] -> [..., out]."""
        return multiply(hidden, self.weight)


class Nf4Linear:
    """A 4-bit weight that is brought to full width for each product: the plain way, on any device."""

    def __init__(self, weight: Nf4) -> None:
        self.weight = weight

    def __call__(self, hidden: Tensor) -> Tensor:
        """[..., in] -> [..., out]."""
        return multiply(hidden, dequantize(self.weight, hidden.dtype))


class PackedLinear:
    """A 4-bit weight packed for the CPU."""

    def __init__(self, weight: PackedNf4) -> None:
        self.product = PackedProduct(weight)

    def __call__(self, hidden: Tensor) -> Tensor:
        """[..., in] -> [..., out]."""
        rows = hidden.reshape(-1, self.product.columns)
        out = self.product.multiply(rows, [Run(matrix=0, source=0, count=len(rows))])
        return out.to(hidden.dtype).view(*hidden.shape[:-1], -1)
