"""Many tokens through the experts of a layer: sort once, dequantize into one buffer, three grouped products.

Letters: T tokens, k experts of a token, N experts in the stack, I width of an expert, H hidden size. Nothing waits for
the device: how many tokens an expert has is known only there.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from model_runtime.expert_stack import ExpertStack
from model_runtime.nf4_decoding import dequantize
from model_runtime.quantization import Nf4

_SUMMED_TOKENS = 1024  # bounds the float32 copy of the outputs

DequantizeInto = Callable[[Nf4, Tensor], None]


def dequantize_by_copy(weight: Nf4, out: Tensor) -> None:
    """The fallback: through a tensor of its own."""
    out.copy_(dequantize(weight, out.dtype))


class GroupedProduct:
    """An `ExpertKernel`. All layers share one, so that the buffer of [N, I, H] bf16 weights exists once."""

    def __init__(self, dequantize_into: DequantizeInto = dequantize_by_copy) -> None:
        self._dequantize_into = dequantize_into
        self._buffer: Tensor | None = None

    def __call__(self, hidden: Tensor, indices: Tensor, weights: Tensor, stack: ExpertStack) -> Tensor:
        """bf16 hidden [T, H], indices int [T, k], weights float32 [T, k] -> bf16 [T, H]."""
        chosen = indices.shape[1]
        flat = indices.flatten()
        order = flat.argsort(stable=True)  # pairs of token and place, expert by expert
        ends = _counts(flat, len(stack)).cumsum(0).int()
        rows = hidden[order // chosen]
        gate = self._multiply(rows, stack.gate, ends)
        inner = F.silu(gate, inplace=True).mul_(self._multiply(rows, stack.up, ends))
        del rows
        outputs = self._multiply(inner, stack.down, ends)
        return _weighted_sum(outputs, _inverse(order).view_as(indices), weights)

    def _multiply(self, rows: Tensor, matrices: Nf4, ends: Tensor) -> Tensor:
        """Each expert's rows, up to its end, with its matrix [out, in]."""
        wide = self._room(matrices)
        self._dequantize_into(matrices, wide)
        return F.grouped_mm(rows, wide.transpose(1, 2), offs=ends)

    def _room(self, matrices: Nf4) -> Tensor:
        shape = matrices.shape
        count = shape[0] * shape[1] * shape[2]
        if self._buffer is None or self._buffer.numel() < count or self._buffer.device != matrices.packed.device:
            self._buffer = torch.empty(count, dtype=torch.bfloat16, device=matrices.packed.device)
        return self._buffer[:count].view(shape)


def _counts(indices: Tensor, experts: int) -> Tensor:
    """How often each index occurs, [experts]; torch.bincount would ask the device for the highest index."""
    ones = torch.ones_like(indices, dtype=torch.int64)
    return torch.zeros(experts, dtype=torch.int64, device=indices.device).scatter_add_(0, indices.long(), ones)


def _inverse(order: Tensor) -> Tensor:
    places = torch.empty_like(order)
    places[order] = torch.arange(len(order), device=order.device)
    return places


def _weighted_sum(outputs: Tensor, places: Tensor, weights: Tensor) -> Tensor:
    """outputs [T * k, H] in the order of the experts, places [T, k] of each pair among them -> [T, H].

    Summed in float32 in the order of a token's experts: no atomics, the same bits every time.
    """
    total = outputs.new_empty((len(places), outputs.shape[1]))
    for start in range(0, len(places), _SUMMED_TOKENS):
        part = slice(start, start + _SUMMED_TOKENS)
        mine = outputs[places[part]].float()  # [tokens, k, H]
        total[part] = torch.bmm(weights[part, None], mine)[:, 0]
    return total
