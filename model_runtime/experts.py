"""The routed experts of a layer as stacks of matrices, one expert after the other.

Letters: T tokens, k experts of a token, E experts, I width of an expert, H hidden size. An expert is
down(silu(gate(x)) * up(x)). Its output is weighted and summed over the k experts in float32, as the reference does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from model_runtime.linears import multiply
from model_runtime.nf4_decoding import dequantize
from model_runtime.quantization import Nf4


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpertMatrices:
    """One expert at full width. gate, up: [I, H]; down: [H, I]."""

    gate: Tensor
    up: Tensor
    down: Tensor


class PlainExperts:
    """One expert after the other, at full width: on any device, in any dtype. `matrices` gives the expert of an id."""

    def __init__(self, matrices: Callable[[int], ExpertMatrices]) -> None:
        self._matrices = matrices

    def forward(self, hidden: Tensor, expert_ids: Tensor, weights: Tensor) -> Tensor:
        """hidden [T, H], expert_ids int64 [T, k], weights float32 [T, k] -> [T, H]."""
        total = torch.zeros(hidden.shape, dtype=torch.float32, device=hidden.device)
        for expert in torch.bincount(expert_ids.flatten()).nonzero().flatten().tolist():
            token, slot = torch.where(expert_ids == expert)
            matrices = self._matrices(expert)
            rows = hidden[token]
            inner = F.silu(multiply(rows, matrices.gate)) * multiply(rows, matrices.up)
            output = multiply(inner, matrices.down).float() * weights[token, slot, None]
            total.index_add_(0, token, output)
        return total.to(hidden.dtype)


def full_experts(gate: Tensor, up: Tensor, down: Tensor) -> PlainExperts:
    """Experts kept at full width: gate, up [E, I, H], down [E, H, I]."""
    return PlainExperts(lambda expert: ExpertMatrices(gate=gate[expert], up=up[expert], down=down[expert]))


def nf4_experts(gate: Nf4, up: Nf4, down: Nf4, dtype: torch.dtype) -> PlainExperts:
    """Experts kept in 4 bits and brought to `dtype` when a token needs them. gate and up stay two stacks: in one, a
    layer of AntAngelMed would have 2^31 weights, and bitsandbytes counts in int32."""

    def matrices(expert: int) -> ExpertMatrices:
        return ExpertMatrices(
            gate=dequantize(gate[expert], dtype),
            up=dequantize(up[expert], dtype),
            down=dequantize(down[expert], dtype),
        )

    return PlainExperts(matrices)
