"""The inner product over weights at full width: a few rows of bf16 weights against a few tokens, in one warp.

For the shared expert, which stays bf16 with `--quantize experts`; it rides in the launch of the routed experts.
"""

from __future__ import annotations

import triton
import triton.language as tl

COLUMNS_AT_ONCE = 256  # 8 a thread of the warp: 128 bits


@triton.jit
def full_products(rows, hidden, COLUMNS: tl.constexpr, TOKENS: tl.constexpr, ROWS: tl.constexpr, STEP: tl.constexpr):
    """A few rows times TOKENS tokens [TOKENS, COLUMNS]: a tuple of sums, float32 [ROWS, STEP] each.

    `rows`: pointers [ROWS] to the first weight of each row. The caller adds over STEP.
    """
    sums = (tl.zeros((ROWS, STEP), tl.float32),) * TOKENS
    for chunk in tl.range((COLUMNS + STEP - 1) // STEP):
        column = chunk * STEP + tl.arange(0, STEP)
        if COLUMNS % STEP == 0:
            weights = tl.load(rows[:, None] + column[None, :]).to(tl.float32)
        else:
            inside = tl.full((ROWS, 1), True, tl.int1) & (column < COLUMNS)[None, :]
            weights = tl.load(rows[:, None] + column[None, :], mask=inside, other=0.0).to(tl.float32)
        added = ()
        for token in tl.static_range(TOKENS):
            hidden_at = hidden + token * COLUMNS + column
            if COLUMNS % STEP == 0:
                activation = tl.load(hidden_at).to(tl.float32)
            else:
                activation = tl.load(hidden_at, mask=column < COLUMNS, other=0.0).to(tl.float32)
            added = added + (sums[token] + weights * activation[None, :],)
        sums = added
    return sums
