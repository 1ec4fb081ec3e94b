"""Linear maps in the three ways that a weight may be kept: at full width, in 4 bits, in 4 bits packed for the CPU."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from model_runtime.cpu_kernels import PackedNf4, PackedProduct
from model_runtime.nf4_decoding import dequantize
from model_runtime.quantization import Nf4


class FullLinear:
    """weight: [out, in] in the dtype of the activations."""

    def __init__(self, weight: Tensor) -> None:
        self.weight = weight

    def __call__(self, hidden: Tensor) -> Tensor:
        """[..., in] -> [..., out]."""
        return F.linear(hidden, self.weight)


class Nf4Linear:
    """A 4-bit weight that is brought to full width for each product: the plain way, on any device."""

    def __init__(self, weight: Nf4) -> None:
        self.weight = weight

    def __call__(self, hidden: Tensor) -> Tensor:
        """[..., in] -> [..., out]."""
        return F.linear(hidden, dequantize(self.weight, hidden.dtype))


class PackedLinear:
    """A 4-bit weight packed for the CPU; bf16 activations."""

    def __init__(self, weight: PackedNf4) -> None:
        self._product = PackedProduct(weight)

    def __call__(self, hidden: Tensor) -> Tensor:
        """bf16 [..., in] -> bf16 [..., out]."""
        assert hidden.dtype == torch.bfloat16
        rows = hidden.reshape(-1, self._product.columns).contiguous()
        out = rows.new_empty((len(rows), self._product.rows))
        self._product.multiply(0, rows, out, count=len(rows))
        return out.view(*hidden.shape[:-1], -1)
