"""A stack of whole experts in 4 bits, gate, up and down of each under one index, and the plain way to compute with it.

The index may be an expert's id, where the stack holds all of a layer, or a slot's, where it holds some. Letters: T
tokens, k experts of a token, N experts in the stack, I width of an expert, H hidden size.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from model_runtime.nf4_decoding import dequantize
from model_runtime.quantization import BLOCK_WEIGHTS, Nf4


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpertStack:
    """gate, up: [N, I, H]; down: [N, H, I]."""

    gate: Nf4
    up: Nf4
    down: Nf4

    def __len__(self) -> int:
        return len(self.gate.packed)

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """The six tensors, each [N, ...]: codes of gate, up, down, then their magnitudes."""
        parts = (self.gate, self.up, self.down)
        return (*(part.packed for part in parts), *(part.absmax for part in parts))

    @property
    def byte_count(self) -> int:
        """What it occupies."""
        return sum(tensor.nbytes for tensor in self.tensors)

    def part(self, start: int, count: int) -> ExpertStack:
        """`count` experts from `start` on, without a copy."""
        gate, up, down = (_part(matrices, start, count) for matrices in (self.gate, self.up, self.down))
        return ExpertStack(gate=gate, up=up, down=down)


# hidden [T, H], indices into the stack int64 [T, k], weights float32 [T, k], stack -> [T, H]
ExpertKernel = Callable[[Tensor, Tensor, Tensor, ExpertStack], Tensor]
# (shape, dtype) -> memory for it
Memory = Callable[[tuple[int, ...], torch.dtype], Tensor]


def empty_stack(experts: int, width: int, hidden: int, memory: Memory) -> ExpertStack:
    """Memory for that many experts."""
    return ExpertStack(
        gate=_empty((experts, width, hidden), memory),
        up=_empty((experts, width, hidden), memory),
        down=_empty((experts, hidden, width), memory),
    )


def multiply_rows_plainly(hidden: Tensor, indices: Tensor, weights: Tensor, stack: ExpertStack) -> Tensor:
    """Row by row, so that a row's result does not depend, even in its last bit, on which others come with it."""
    rows = [slice(row, row + 1) for row in range(len(hidden))]
    return torch.cat([multiply_stack_plainly(hidden[row], indices[row], weights[row], stack) for row in rows])


def multiply_stack_plainly(hidden: Tensor, indices: Tensor, weights: Tensor, stack: ExpertStack) -> Tensor:
    """The weighted outputs of the indexed experts, one expert after the other at full width.

    Summed in float32 in the order of a token's k experts, so that the sum does not depend on where an expert lies.
    """
    tokens, chosen = indices.shape
    outputs = torch.empty((tokens, chosen, hidden.shape[1]), dtype=torch.float32, device=hidden.device)
    for index in torch.unique(indices).tolist():
        token, place = torch.where(indices == index)
        rows = hidden[token]
        gate, up, down = (dequantize(part[index], hidden.dtype) for part in (stack.gate, stack.up, stack.down))
        inner = F.silu(F.linear(rows, gate)) * F.linear(rows, up)
        outputs[token, place] = F.linear(inner, down).float()
    total = torch.zeros(hidden.shape, dtype=torch.float32, device=hidden.device)
    for column in range(chosen):
        total += outputs[:, column] * weights[:, column, None]
    return total.to(hidden.dtype)


def _part(matrices: Nf4, start: int, count: int) -> Nf4:
    return Nf4(packed=matrices.packed[start : start + count], absmax=matrices.absmax[start : start + count])


def _empty(shape: tuple[int, ...], memory: Memory) -> Nf4:
    *rows, columns = shape
    return Nf4(
        packed=memory((*rows, columns // 2), torch.uint8),
        absmax=memory((*rows, columns // BLOCK_WEIGHTS), torch.bfloat16),
    )
