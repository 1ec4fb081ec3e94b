"""The inner product that every 4-bit kernel shares: a few rows of NF4 weights against a few tokens, in one warp.

A row is read as 32-bit words of 8 codes, 128 words (1,024 weights) at a time, so a thread loads 128 bits. Codes become
levels by `tl.gather` over 16 values, which within one warp is one shuffle a weight: no table in memory, no bank
conflict. Activations come as *nibble planes*: plane j holds, for every word, the activation of the weight in nibble j
(counted from the low end), so that they too are loaded 128 bits at a time.

benchmarks/kernel_instructions.py counts the instructions a weight in the machine code.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from model_runtime.quantization import NF4_LEVELS, Nf4

WORDS = 128  # of a row at a time: 4 a thread of the warp


def nf4_levels(device: torch.device) -> Tensor:
    """The 16 levels, float32."""
    return torch.tensor(NF4_LEVELS, dtype=torch.float32, device=device)


def words_of(weight: Nf4) -> Tensor:
    """The codes as int32 [..., columns / 8], a view."""
    return weight.packed.view(torch.int32)


def nibble_planes(hidden: Tensor) -> Tensor:
    """[..., columns] -> float32 [..., 8, columns / 8]; the first weight of a byte is in its high nibble."""
    words: Tensor = hidden.float().unflatten(-1, (-1, 4, 2)).flip(-1).flatten(-2)  # [..., columns / 8, 8]
    return words.transpose(-1, -2).contiguous()


def rows_of_program(rows: int) -> int:
    """How many rows a program takes. In the interpreter many, because there a program costs milliseconds."""
    return 32 if triton.knobs.runtime.interpret else rows


def most_registers(tokens: int) -> int | None:
    """For each thread; None leaves it to the assembler, which for several tokens would rather spill than take these."""
    if tokens <= 2:
        return None
    return 224 if tokens <= 4 else 200


@triton.jit
def plane_offset(column, COLUMNS: tl.constexpr):
    """Where the activation of a column stands in its nibble planes."""
    return ((column % 8) ^ 1) * (COLUMNS // 8) + column // 8


@triton.jit
def nf4_products(
    code_rows,
    scale_rows,
    planes,
    levels,
    COLUMNS: tl.constexpr,
    TOKENS: tl.constexpr,
    ROWS: tl.constexpr,
    WORDS: tl.constexpr,
):
    """A few rows times the planes of TOKENS tokens: a tuple of TOKENS sums, float32 [ROWS, WORDS] each.

    `code_rows`, `scale_rows`: pointers [ROWS] to the first word and the first magnitude of each row. `levels`: the 16
    values, loaded. The caller adds over WORDS. The sums are kept apart by token, because a tile of three dimensions
    would travel through shared memory.
    """
    sums = (tl.zeros((ROWS, WORDS), tl.float32),) * TOKENS
    for chunk in tl.range((COLUMNS // 8 + WORDS - 1) // WORDS):
        sums = _add_chunk(sums, code_rows, scale_rows, planes, levels, chunk, COLUMNS, TOKENS, ROWS, WORDS)
    return sums


@triton.jit
def _add_chunk(
    sums,
    code_rows,
    scale_rows,
    planes,
    levels,
    chunk,
    COLUMNS: tl.constexpr,
    TOKENS: tl.constexpr,
    ROWS: tl.constexpr,
    WORDS: tl.constexpr,
):
    words_of_row: tl.constexpr = COLUMNS // 8
    is_whole: tl.constexpr = words_of_row % WORDS == 0
    at = chunk * WORDS + tl.arange(0, WORDS)
    codes_at = code_rows[:, None] + at[None, :]
    scales_at = scale_rows[:, None] + (at // 8)[None, :]
    if is_whole:
        packed = tl.load(codes_at)
        scale = tl.load(scales_at).to(tl.float32)
    else:
        inside = tl.full((ROWS, 1), True, tl.int1) & (at < words_of_row)[None, :]
        packed = tl.load(codes_at, mask=inside, other=0)
        scale = tl.load(scales_at, mask=inside, other=0.0).to(tl.float32)
    parts = sums
    if TOKENS == 1:
        parts = (tl.zeros((ROWS, WORDS), tl.float32),)
    for nibble in tl.static_range(8):
        code = tl.reshape((packed >> (4 * nibble)) & 15, (ROWS * WORDS,))
        level = tl.reshape(tl.gather(levels, code, 0), (ROWS, WORDS))
        if TOKENS > 1:  # several tokens share one scaled weight; for one it is cheaper to scale the sum
            level = level * scale
        added = ()
        for token in tl.static_range(TOKENS):
            planes_at = planes + token * COLUMNS + nibble * words_of_row + at
            if is_whole:
                activation = tl.load(planes_at)
            else:
                activation = tl.load(planes_at, mask=at < words_of_row, other=0.0)
            added = added + (parts[token] + level * activation[None, :],)
        parts = added
    if TOKENS == 1:
        parts = (sums[0] + parts[0] * scale,)
    return parts
