"""A 4-bit linear map for a few tokens, beside its plain version.

Work is assigned to output rows: one warp takes ROWS of them for all tokens, so a weight is read once.
"""

from __future__ import annotations

import triton
import triton.language as tl
from torch import Tensor

from model_runtime.kernels.nf4_tile import WORDS, most_registers, nf4_products, rows_of_program, words_of
from model_runtime.quantization import Nf4, dequantize_plainly


def multiply_plainly(weight: Nf4, hidden: Tensor) -> Tensor:
    """float32 [T, columns] -> float32 [T, rows]."""
    return hidden.float() @ dequantize_plainly(weight).T


def multiply(weight: Nf4, planes: Tensor, levels: Tensor, out: Tensor) -> None:
    """planes: float32 [T, 8, columns / 8], T at most 8; out: [T, rows], bf16 or float32."""
    rows, columns = weight.shape
    tokens = planes.shape[0]
    rows_each = rows_per_program(tokens)
    _multiply[(triton.cdiv(rows, rows_each),)](
        words_of(weight),
        weight.absmax,
        planes,
        levels,
        out,
        N=rows,
        COLUMNS=columns,
        TOKENS=tokens,
        ROWS=rows_each,
        WORDS=WORDS,
        num_warps=1,
        maxnreg=most_registers(tokens),
    )


def rows_per_program(tokens: int) -> int:
    """So many that activations are reused, so few that the sums of all tokens stay in registers."""
    return rows_of_program(4 if tokens <= 4 else 2)


@triton.jit
def _multiply(
    words,
    absmax,
    planes,
    levels,
    out,
    N: tl.constexpr,
    COLUMNS: tl.constexpr,
    TOKENS: tl.constexpr,
    ROWS: tl.constexpr,
    WORDS: tl.constexpr,
):
    row = tl.program_id(0).to(tl.int64) * ROWS + tl.arange(0, ROWS)
    inside = tl.minimum(row, N - 1)
    table = tl.load(levels + tl.arange(0, 16))
    code_rows, scale_rows = words + inside * (COLUMNS // 8), absmax + inside * (COLUMNS // 64)
    sums = nf4_products(code_rows, scale_rows, planes, table, COLUMNS, TOKENS, ROWS, WORDS)
    for token in tl.static_range(TOKENS):
        tl.store(out + token * N + row, tl.sum(sums[token], 1).to(out.dtype.element_ty), mask=row < N)
