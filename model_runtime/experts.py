"""The routed experts of a layer as stacks of matrices; grouped prefill, selected-expert decode.

Letters: T tokens, k experts of a token, E experts, I width of an expert, H hidden size. An expert is
down(silu(gate(x)) * up(x)). Its output is weighted and summed over the k experts in float32, as the reference does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate

import torch
import torch.nn.functional as F
from torch import Tensor

from model_runtime.linears import multiply
from model_runtime.nf4_decoding import dequantize
from model_runtime.packed_product import PackedNf4, PackedProduct, Run
from model_runtime.quantization import Nf4

# Below it nearly every token has its experts to itself, and sorting costs more than it saves.
_GROUPED_TOKENS = 8
_SUMMED_TOKENS = 32  # their outputs in float32 stay in the L2 cache


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


class PackedExperts:
    """Experts packed for the CPU. gate_up: E matrices [2I, H], gate above up, one product for both; down: [H, I]."""

    def __init__(self, gate_up: PackedNf4, down: PackedNf4) -> None:
        assert gate_up.rows == 2 * down.columns
        self.gate_up = PackedProduct(gate_up)
        self.down = PackedProduct(down)

    def forward(self, hidden: Tensor, expert_ids: Tensor, weights: Tensor) -> Tensor:
        """hidden [T, H], expert_ids int64 [T, k], weights float32 [T, k] -> [T, H]."""
        if len(hidden) < _GROUPED_TOKENS:
            return _weighted_sum(self._selected(hidden, expert_ids), weights).to(hidden.dtype)
        return self._grouped(hidden, expert_ids, weights)

    def _selected(self, hidden: Tensor, expert_ids: Tensor) -> Tensor:
        """Each token through its own experts: float32 [T * k, H]."""
        runs = [Run(matrix=expert, source=place, count=1) for place, expert in enumerate(expert_ids.flatten().tolist())]
        return self._apply(hidden, runs, torch.arange(len(runs)) // expert_ids.shape[1])

    def _grouped(self, hidden: Tensor, expert_ids: Tensor, weights: Tensor) -> Tensor:
        """Each expert over all its tokens at once, weighted and summed: [T, H]."""
        slots = expert_ids.shape[1]
        order = expert_ids.flatten().argsort()  # pairs of token and slot, expert by expert
        counts = torch.bincount(expert_ids.flatten()).tolist()
        starts = accumulate(counts, initial=0)
        runs = [
            Run(matrix=expert, source=start, count=count)
            for expert, (start, count) in enumerate(zip(starts, counts, strict=False))
            if count
        ]
        outputs = self._apply(hidden, runs, order // slots)
        place = order.argsort()  # of each pair among the outputs
        total = torch.empty_like(hidden)
        for start in range(0, len(hidden), _SUMMED_TOKENS):
            end = min(start + _SUMMED_TOKENS, len(hidden))
            mine = outputs.index_select(0, place[start * slots : end * slots])
            total[start:end] = _weighted_sum(mine, weights[start:end])
        return total

    def _apply(self, hidden: Tensor, runs: list[Run], places: Tensor) -> Tensor:
        """Outputs of the runs one after the other, float32 [m, H]; `places`: the row of `hidden` in each place."""
        gate, up = self.gate_up.multiply(hidden, runs, places).chunk(2, dim=1)
        inner = F.silu(gate).mul_(up)  # [m, I]
        return self.down.multiply(inner, runs)


def _weighted_sum(outputs: Tensor, weights: Tensor) -> Tensor:
    """outputs float32 [T * k, H], weights float32 [T, k] -> float32 [T, H]."""
    tokens, slots = weights.shape
    return torch.bmm(weights[:, None], outputs.view(tokens, slots, -1)).squeeze(1)
