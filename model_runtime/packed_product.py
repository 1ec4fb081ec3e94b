"""4-bit matrices in the order of the CPU's product, and that product.

Rows stand in groups of 32, columns in pairs, so that one vector register holds the same pair of columns of 8 rows. The
product itself is written in `cpu_kernels`; here it gets its memory and its work.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import Tensor

from model_runtime.bitsandbytes_cpu import dequantize_on_cpu
from model_runtime.cpu_kernels.functions import cpu_functions
from model_runtime.cpu_kernels.native_code import has_avx2
from model_runtime.cpu_kernels.packed_product import (
    ROWS_PER_GROUP,
    TOKENS_PER_CHUNK,
    ProductArguments,
    QuantizeArguments,
)
from model_runtime.cpu_kernels.program import Step
from model_runtime.quantization import BLOCK_WEIGHTS, Nf4, dequantize_plainly

_HALF_GROUP = ROWS_PER_GROUP // 2
# With AMX a bf16 product at full width, unpacking included, beats the packed one from some 50 tokens on.
_TOKENS_WORTH_AMX = 48


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedNf4:
    """Matrices in the order of the packed product. packed: uint8 [..., rows, columns / 2]; absmax: bf16
    [..., columns / 64, rows]. The shapes name the sizes; the bytes inside a matrix are reordered."""

    packed: Tensor
    absmax: Tensor

    @property
    def rows(self) -> int:
        """Output features of one matrix."""
        return self.packed.shape[-2]

    @property
    def columns(self) -> int:
        """Input features of one matrix."""
        return self.packed.shape[-1] * 2

    def __getitem__(self, index: int) -> PackedNf4:
        """One matrix of a stack, without a copy."""
        return PackedNf4(packed=self.packed[index], absmax=self.absmax[index])


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """`count` rows of activations, from place `source` on, times one matrix of the stack."""

    matrix: int
    source: int
    count: int


class PackedProduct:
    """Products with the matrices of one packed stack."""

    def __init__(self, weights: PackedNf4) -> None:
        assert weights.packed.is_contiguous()
        assert weights.absmax.is_contiguous()
        assert packable(weights.rows, weights.columns)
        self.rows, self.columns = weights.rows, weights.columns
        self._weights = PackedNf4(
            packed=weights.packed.view(-1, self.rows, self.columns // 2),
            absmax=weights.absmax.view(-1, self.columns // BLOCK_WEIGHTS, self.rows),
        )

    def multiply(self, hidden: Tensor, runs: Sequence[Run], places: Tensor | None = None) -> Tensor:
        """bf16 or float32 [n, columns] -> float32 [m, rows]: the results of the runs one after the other.

        places: int64, the row of `hidden` that stands in each place; by default the rows as they are.
        """
        total = sum(run.count for run in runs)
        out = torch.empty((total, self.rows), dtype=torch.float32)
        if places is None:
            places = torch.arange(len(hidden))
        packed: list[tuple[Run, int]] = []
        target = 0
        for run in runs:
            if is_worth_full_width(run.count):
                rows = hidden[places[run.source : run.source + run.count]]
                self._multiply_at_full_width(run.matrix, rows, out[target : target + run.count])
            else:
                packed.append((run, target))
            target += run.count
        if packed:
            chunks = np.concatenate([_chunks(run, target) for run, target in packed])
            self._multiply_packed(hidden.contiguous(), places, chunks, out)
        return out

    def arguments(self, *, activations: int, scales: int, out: int, chunks: int) -> ProductArguments:
        """What the compiled product reads, with these addresses."""
        return ProductArguments(
            packed=self._weights.packed.data_ptr(),
            absmax=self._weights.absmax.data_ptr(),
            packed_step_bytes=self.rows * self.columns // 2,
            absmax_step_elements=self.rows * self.columns // BLOCK_WEIGHTS,
            rows=self.rows,
            columns=self.columns,
            activations=activations,
            scales=scales,
            out=out,
            chunks=chunks,
        )

    def _multiply_packed(self, hidden: Tensor, places: Tensor, chunks: np.ndarray, out: Tensor) -> None:
        functions = cpu_functions()
        numbers = torch.empty((len(places), self.columns), dtype=torch.int16)
        scales = torch.empty((len(places), self.columns // BLOCK_WEIGHTS), dtype=torch.float32)
        quantize = QuantizeArguments(
            source=hidden.data_ptr(),
            rows=places.data_ptr(),
            columns=self.columns,
            activations=numbers.data_ptr(),
            scales=scales.data_ptr(),
            chunks=chunks.ctypes.data,
        )
        multiply = self.arguments(
            activations=numbers.data_ptr(), scales=scales.data_ptr(), out=out.data_ptr(), chunks=chunks.ctypes.data
        )
        kind = "float32" if hidden.dtype is torch.float32 else "bf16"
        functions.program(
            [
                Step(function=functions.address(f"quantize_{kind}"), arguments=quantize, tasks=len(chunks), stage=0),
                Step(
                    function=functions.address("multiply"),
                    arguments=multiply,
                    tasks=len(chunks) * (self.rows // ROWS_PER_GROUP),
                    stage=1,
                ),
            ]
        ).run(products=int(chunks[:, 3].sum()) * self.rows * self.columns)

    def _multiply_at_full_width(self, matrix: int, hidden: Tensor, out: Tensor) -> None:
        weight = dequantize_on_cpu(unpack(self._weights[matrix]), torch.bfloat16)
        assert weight is not None
        out.copy_(torch.mm(hidden.to(torch.bfloat16), weight.T))


def chunks_of(runs: Sequence[Run]) -> np.ndarray:
    """The runs cut for the product, int64 [chunks, 4]; results stand where the activations stand."""
    return np.concatenate([_chunks(run, run.source) for run in runs])


def _chunks(run: Run, target: int) -> np.ndarray:
    """matrix, first row of activations, first row of results, rows: for each chunk of a run."""
    starts = np.arange(0, run.count, TOKENS_PER_CHUNK, dtype=np.int64)
    counts = np.minimum(TOKENS_PER_CHUNK, run.count - starts)
    return np.stack([np.full_like(starts, run.matrix), run.source + starts, target + starts, counts], axis=1)


def has_packed_product() -> bool:
    """Whether this machine can multiply packed matrices."""
    return has_avx2()


def packable(rows: int, columns: int) -> bool:
    """Whether a matrix of this shape fits the packed order."""
    return rows % ROWS_PER_GROUP == 0 and columns % BLOCK_WEIGHTS == 0


def pack(weight: Nf4) -> PackedNf4:
    """Reorder matrices [..., rows, columns] for the packed product."""
    *stack, rows, columns = weight.shape
    target = PackedNf4(
        packed=torch.empty((*stack, rows, columns // 2), dtype=torch.uint8),
        absmax=torch.empty((*stack, columns // BLOCK_WEIGHTS, rows), dtype=torch.bfloat16),
    )
    pack_into(weight, target, first_row=0)
    return target


def pack_into(weight: Nf4, target: PackedNf4, *, first_row: int) -> None:
    """Reorder matrices into `target`, whose matrices have as many columns, from its row `first_row` on."""
    rows, columns = weight.shape[-2:]
    assert packable(rows, columns)
    assert first_row % ROWS_PER_GROUP == 0
    stack = target.packed.view(-1, target.rows, columns // 2)
    scales = target.absmax.view(-1, columns // BLOCK_WEIGHTS, target.rows)
    for index in range(len(stack)):
        one = weight.packed.view(-1, rows, columns // 2)[index]
        stack[index, first_row : first_row + rows] = _pack_codes(one)
        scales[index, :, first_row : first_row + rows] = weight.absmax.view(-1, rows, columns // BLOCK_WEIGHTS)[index].T


def _pack_codes(plain: Tensor) -> Tensor:
    """uint8 [rows, columns / 2], two columns to a byte -> the same bytes' halves in the packed order, same shape."""
    rows, pairs = plain.shape
    groups = plain.view(rows // ROWS_PER_GROUP, ROWS_PER_GROUP, pairs).transpose(1, 2).contiguous().to(torch.int16)
    low, high = groups[..., :_HALF_GROUP], groups[..., _HALF_GROUP:]  # rows 0-15 and 16-31 of a group
    # In a byte of the packed order the low half is of rows 0-15; the first of two bytes is of the first column.
    words = (low >> 4) | ((low & 15) << 8) | (high & 0xF0) | ((high & 15) << 12)
    return words.view(torch.uint8).view(rows, pairs)


def unpack(weight: PackedNf4) -> Nf4:
    """The plain layout of packed matrices: `pack` backwards."""
    *stack, rows, pairs = weight.packed.shape
    words = weight.packed.view(*stack, rows // ROWS_PER_GROUP, pairs, ROWS_PER_GROUP).view(torch.int16)
    low = ((words & 15) << 4) | ((words >> 8) & 15)
    high = (words & 0xF0) | ((words >> 12) & 15)
    plain = torch.cat([low, high], dim=-1).to(torch.uint8).transpose(-1, -2)
    return Nf4(
        packed=plain.reshape(*stack, rows, pairs).contiguous(),
        absmax=weight.absmax.transpose(-1, -2).contiguous(),
    )


def multiply_packed_plainly(hidden: Tensor, weights: PackedNf4) -> Tensor:
    """hidden [n, columns] times one packed matrix, by way of its plain form, float32: what the product must equal."""
    return hidden.float() @ dequantize_plainly(unpack(weights)).T


@cache
def _has_amx() -> bool:
    return bool(torch.cpu._is_amx_tile_supported())


def is_worth_full_width(tokens: int) -> bool:
    """Whether so many tokens of one matrix are better multiplied in bf16."""
    return tokens >= _TOKENS_WORTH_AMX and _has_amx()
