"""The routed experts of a layer packed for the CPU: from the router's choice to the weighted sum in one program.

Tokens are sorted by expert, so that a matrix is read once for all its tokens. Letters: T tokens, k experts of a token,
E experts, I width of an expert, H hidden size; m = T k results, sorted by expert.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from model_runtime.cpu_kernels.decode_step import TOKENS_PER_TASK, CombineArguments, GateArguments
from model_runtime.cpu_kernels.functions import cpu_functions
from model_runtime.cpu_kernels.packed_product import ROWS_PER_GROUP, QuantizeArguments
from model_runtime.cpu_kernels.program import Step
from model_runtime.host_memory import Workspace
from model_runtime.packed_product import PackedNf4, PackedProduct, Run, chunks_of, is_worth_full_width
from model_runtime.quantization import BLOCK_WEIGHTS


class PackedExperts:
    """gate_up: E matrices [2I, H], gate above up, one product for both; down: [H, I].

    `workspace` is shared with the other layers: fresh memory for every layer would cost more than what it holds.
    """

    def __init__(self, gate_up: PackedNf4, down: PackedNf4, workspace: Workspace | None = None) -> None:
        assert gate_up.rows == 2 * down.columns
        self.gate_up = PackedProduct(gate_up)
        self.down = PackedProduct(down)
        self._workspace = workspace or Workspace()

    def forward(self, hidden: Tensor, expert_ids: Tensor, weights: Tensor) -> Tensor:
        """hidden [T, H], expert_ids int64 [T, k], weights float32 [T, k] -> [T, H]."""
        slots = expert_ids.shape[1]
        order = expert_ids.flatten().argsort()  # pairs of token and slot, expert by expert
        counts = torch.bincount(expert_ids.flatten()).tolist()
        runs = _runs(counts)
        sources = order // slots  # the token of each result
        places = order.argsort().view(-1, slots)  # of each pair among the results
        if is_worth_full_width(max(counts)):
            return self._forward_in_parts(hidden, runs, sources, places, weights)
        return self._forward_at_once(hidden.contiguous(), runs, sources, places, weights)

    def _forward_at_once(
        self, hidden: Tensor, runs: list[Run], sources: Tensor, places: Tensor, weights: Tensor
    ) -> Tensor:
        functions, room = cpu_functions(), self._workspace
        chunks = chunks_of(runs)
        results, width, size = len(sources), self.down.columns, self.down.rows
        entering = room.take("entering", (results, size), torch.int16)
        entering_scales = room.take("entering scales", (results, size // BLOCK_WEIGHTS), torch.float32)
        wide = room.take("wide", (results, 2 * width), torch.float32)
        inner = room.take("inner", (results, width), torch.int16)
        inner_scales = room.take("inner scales", (results, width // BLOCK_WEIGHTS), torch.float32)
        outputs = room.take("outputs", (results, size), torch.float32)
        weights = weights.contiguous()
        total = torch.empty(hidden.shape, dtype=torch.float32)
        table = chunks.ctypes.data
        quantize = QuantizeArguments(
            source=hidden.data_ptr(),
            rows=sources.data_ptr(),
            columns=size,
            activations=entering.data_ptr(),
            scales=entering_scales.data_ptr(),
            chunks=table,
        )
        enter = self.gate_up.arguments(
            activations=entering.data_ptr(), scales=entering_scales.data_ptr(), out=wide.data_ptr(), chunks=table
        )
        gate = GateArguments(
            gate=wide.data_ptr(),
            up=wide[:, width:].data_ptr(),
            step=2 * width,
            size=width,
            activations=inner.data_ptr(),
            scales=inner_scales.data_ptr(),
            chunks=table,
        )
        leave = self.down.arguments(
            activations=inner.data_ptr(), scales=inner_scales.data_ptr(), out=outputs.data_ptr(), chunks=table
        )
        combine = CombineArguments(
            outputs=outputs.data_ptr(),
            places=places.data_ptr(),
            weights=weights.data_ptr(),
            chosen=places.shape[1],
            tokens=len(hidden),
            size=size,
            out=total.data_ptr(),
        )
        kind = "float32" if hidden.dtype is torch.float32 else "bf16"
        work = [
            (f"quantize_{kind}", quantize, len(chunks)),
            ("multiply", enter, len(chunks) * (self.gate_up.rows // ROWS_PER_GROUP)),
            ("gate", gate, len(chunks)),
            ("multiply", leave, len(chunks) * (size // ROWS_PER_GROUP)),
            ("combine", combine, -(-len(hidden) // TOKENS_PER_TASK)),
        ]
        functions.program(
            [
                Step(function=functions.address(name), arguments=arguments, tasks=tasks, stage=stage)
                for stage, (name, arguments, tasks) in enumerate(work)
            ]
        ).run(products=results * 3 * width * size)
        return total.to(hidden.dtype)

    def _forward_in_parts(
        self, hidden: Tensor, runs: list[Run], sources: Tensor, places: Tensor, weights: Tensor
    ) -> Tensor:
        """The same where some products are worth full width."""
        gate, up = self.gate_up.multiply(hidden, runs, sources).chunk(2, dim=1)
        outputs = self.down.multiply(F.silu(gate).mul_(up), runs)
        total = torch.zeros(hidden.shape, dtype=torch.float32)
        for slot in range(places.shape[1]):
            total.addcmul_(outputs[places[:, slot]], weights[:, slot, None])
        return total.to(hidden.dtype)


def _runs(counts: list[int]) -> list[Run]:
    starts = np.cumsum([0, *counts])
    return [
        Run(matrix=expert, source=int(start), count=count)
        for expert, (start, count) in enumerate(zip(starts, counts, strict=False))
        if count
    ]
