"""bitsandbytes' C functions for 4-bit blocks on the CPU, called without the dispatch around them.

The functions take 3 microseconds to call through ctypes and 10 to 25 through torch.library; one token calls some 400.
The packed product (bf16 activations, 4-bit weights, float32 sums) needs AVX512-BF16 and wants its own order of bytes:
rows in groups of 32, columns in pairs, so that one vector register holds the same pair of columns of 16 rows.
"""

from __future__ import annotations

import ctypes
import importlib.util
import mmap
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from model_runtime.quantization import BLOCK_WEIGHTS, Nf4, dequantize_plainly

ROWS_PER_GROUP = 32
_HALF_GROUP = ROWS_PER_GROUP // 2
# Above it activations leave the cache between groups of rows: 294 GFLOP/s at 128 rows, 187 at 512 (2 Zen 4 cores).
_ROWS_PER_CALL = 128


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


@cache
def _library() -> ctypes.CDLL | None:
    """bitsandbytes' CPU library, without the import of bitsandbytes: that takes seconds and looks for CUDA."""
    spec = importlib.util.find_spec("bitsandbytes")
    for folder in spec.submodule_search_locations or () if spec else ():
        for suffix in ("so", "dylib", "dll"):
            path = Path(folder) / f"libbitsandbytes_cpu.{suffix}"
            if path.exists():
                return ctypes.CDLL(str(path))
    return None


@cache
def has_packed_product() -> bool:
    """Whether this machine can multiply packed matrices."""
    library = _library()
    probe = getattr(library, "has_avx512bf16_cpu", None)
    if probe is None:
        return False
    probe.restype = ctypes.c_bool
    return bool(probe())


@cache
def tokens_worth_full_width() -> int:
    """From how many tokens on a bf16 product at full width, unpacking included, beats the packed one.

    Two Zen 4 cores: even at 512 tokens (385 against 290 GFLOP/s). With AMX the packed product reaches 150, bf16 1,800
    GFLOP/s, so that it pays from some 50 on (by the times of each part on two cores).
    """
    return 48 if torch.cpu._is_amx_tile_supported() else 512


def packable(rows: int, columns: int) -> bool:
    """Whether a matrix of this shape fits the packed order."""
    return rows % ROWS_PER_GROUP == 0 and columns % BLOCK_WEIGHTS == 0


@cache
def _product() -> ctypes._NamedFuncPointer:
    library = _library()
    assert library is not None
    function = library.gemv_4bit_inference_cpu_nf4_bf16
    function.argtypes = [ctypes.c_int64] * 3 + [ctypes.c_void_p] * 4 + [ctypes.c_int64] * 3
    function.restype = None
    return function


class PackedProduct:
    """Products with the matrices of one packed stack, each named by its index.

    Addresses are read once: asking a tensor for its address and shape costs as much as the call.
    """

    def __init__(self, weights: PackedNf4) -> None:
        assert weights.packed.is_contiguous()
        assert weights.absmax.is_contiguous()
        self.rows, self.columns = weights.rows, weights.columns
        self._weights = PackedNf4(
            packed=weights.packed.view(-1, self.rows, self.columns // 2),
            absmax=weights.absmax.view(-1, self.columns // BLOCK_WEIGHTS, self.rows),
        )
        self._function = _product()
        self._packed = weights.packed.data_ptr()
        self._absmax = weights.absmax.data_ptr()
        self._packed_step = self.rows * self.columns // 2
        self._absmax_step = self.rows * self.columns // BLOCK_WEIGHTS * 2
        self._tokens_at_full_width = tokens_worth_full_width()

    def multiply(
        self, index: int, hidden: Tensor, out: Tensor, *, source: int = 0, target: int = 0, count: int
    ) -> None:
        """Write rows target .. target + count of bf16 `out` [n, rows] from as many of bf16 `hidden` [m, columns]."""
        if count >= self._tokens_at_full_width:
            self._multiply_at_full_width(index, hidden[source : source + count], out[target : target + count])
            return
        packed = self._packed + index * self._packed_step
        absmax = self._absmax + index * self._absmax_step
        hidden_address = hidden.data_ptr() + 2 * source * self.columns
        out_address = out.data_ptr() + 2 * target * self.rows
        for start in range(0, count, _ROWS_PER_CALL):
            self._function(
                min(_ROWS_PER_CALL, count - start),
                self.rows,
                self.columns,
                hidden_address + 2 * start * self.columns,
                packed,
                absmax,
                out_address + 2 * start * self.rows,
                BLOCK_WEIGHTS,
                self.columns,
                self.rows,
            )

    def _multiply_at_full_width(self, index: int, hidden: Tensor, out: Tensor) -> None:
        one = PackedNf4(packed=self._weights.packed[index], absmax=self._weights.absmax[index])
        weight = dequantize_on_cpu(unpack(one), torch.bfloat16)
        assert weight is not None
        torch.mm(hidden, weight.T, out=out)


def multiply_packed_plainly(hidden: Tensor, weights: PackedNf4) -> Tensor:
    """hidden [n, columns] times one packed matrix, by way of its plain form, float32: what the product must equal."""
    return hidden.float() @ dequantize_plainly(unpack(weights)).T


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


def dequantize_on_cpu(weight: Nf4, dtype: torch.dtype) -> Tensor | None:
    """One plain matrix in float32 or bf16 by bitsandbytes' C function; None where there is none for it."""
    name = {torch.float32: "fp32", torch.bfloat16: "bf16"}.get(dtype)
    library = _library()
    if name is None or library is None or not weight.packed.is_contiguous():
        return None
    function = getattr(library, f"cdequantize_blockwise_cpu_nf4_{name}")
    out = torch.empty(weight.shape, dtype=dtype)
    absmax = weight.absmax.float().contiguous()
    rows = out.numel() // out.shape[-1]
    function(
        ctypes.c_void_p(weight.packed.data_ptr()),
        ctypes.c_void_p(absmax.data_ptr()),
        ctypes.c_void_p(out.data_ptr()),
        ctypes.c_longlong(BLOCK_WEIGHTS),
        ctypes.c_longlong(rows),
        ctypes.c_longlong(out.shape[-1]),
    )
    return out


def empty_on_huge_pages(shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
    """Zeroed host memory that asks for 2 MiB pages: a token touches weights all over gigabytes."""
    elements = 1
    for size in shape:
        elements *= size
    size = max(1, elements * dtype.itemsize)
    if not hasattr(mmap, "MADV_HUGEPAGE"):
        return torch.zeros(shape, dtype=dtype)
    memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)  # shared memory gets no huge pages
    memory.madvise(mmap.MADV_HUGEPAGE)
    return torch.frombuffer(memory, dtype=dtype, count=elements).view(shape)
