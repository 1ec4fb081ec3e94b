"""The experts of a layer for a few tokens in two launches, beside their plain versions.

First gate, up and SiLU, then down, weighted, summed over a token's experts with the shared expert added. Slot ids are
read inside the kernels, work is assigned to output rows, every sum is taken in one place: no sorting, no atomics, the
same bits every time. A dense MLP is the same with no routed expert. The products of a token with its experts are kept
as nibble planes (see nf4_tile), those of a bf16 shared expert as bf16.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
import triton
import triton.language as tl
from torch import Tensor

from model_runtime.expert_stack import ExpertStack
from model_runtime.gated_mlp import GatedMlp, Matrix
from model_runtime.kernels.full_tile import COLUMNS_AT_ONCE, full_products
from model_runtime.kernels.nf4_tile import (
    WORDS,
    most_registers,
    nf4_levels,
    nf4_products,
    nibble_planes,
    plane_offset,
    rows_of_program,
    words_of,
)
from model_runtime.quantization import Nf4, dequantize_plainly

ROUTED_ROWS = 4  # of gate and of up each
DOWN_ROWS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class InnerProducts:
    """silu(gate) * up. routed: float32 [T, k, 8, I / 8]; shared: float32 [T, 8, I / 8] in 4 bits, else bf16 [T, I]."""

    routed: Tensor
    shared: Tensor


def empty_inner(tokens: int, chosen: int, width: int, mlp: GatedMlp | None, device: torch.device) -> InnerProducts:
    """Room for them."""
    routed = torch.empty((tokens, chosen, 8, width // 8), dtype=torch.float32, device=device)
    if mlp is None:
        return InnerProducts(routed=routed, shared=routed)
    if mlp.is_nf4:
        shared = torch.empty((tokens, 8, mlp.width // 8), dtype=torch.float32, device=device)
    else:
        shared = torch.empty((tokens, mlp.width), dtype=torch.bfloat16, device=device)
    return InnerProducts(routed=routed, shared=shared)


def experts_plainly(
    stack: ExpertStack | None, mlp: GatedMlp | None, hidden: Tensor, slot_ids: Tensor, weights: Tensor
) -> Tensor:
    """Both launches as formulas in float32: hidden [T, H], slot ids [T, k], weights float32 [T, k] -> [T, H]."""
    wide = hidden.float()
    total = torch.zeros_like(wide)
    for token in range(len(wide)):
        for slot, weight in zip(slot_ids[token].tolist(), weights[token], strict=True):
            assert stack is not None
            gate, up, down = (dequantize_plainly(part[slot]) for part in (stack.gate, stack.up, stack.down))
            total[token] += weight * (down @ (F.silu(gate @ wide[token]) * (up @ wide[token])))
    if mlp is not None:
        gate, up, down = (_wide(part) for part in (mlp.gate, mlp.up, mlp.down))
        total += F.linear(F.silu(F.linear(wide, gate)) * F.linear(wide, up), down)
    return total


def gate_up(
    stack: ExpertStack | None,
    mlp: GatedMlp | None,
    hidden: Tensor,
    planes: Tensor,
    slot_ids: Tensor,
    levels: Tensor,
    out: InnerProducts,
) -> None:
    """hidden: bf16 [T, H] and the same as planes float32 [T, 8, H / 8]; slot_ids: int [T, k], k = 0 without a stack."""
    tokens, width_of_hidden = hidden.shape
    chosen, width = slot_ids.shape[1], out.routed.shape[-1] * 8
    shared_width = mlp.width if mlp is not None else 0
    rows, shared_rows = rows_of_program(ROUTED_ROWS), rows_of_program(2 if tokens <= 4 else 1)
    routed_programs = tokens * chosen * triton.cdiv(width, rows)
    programs = routed_programs + triton.cdiv(shared_width, shared_rows)
    _gate_up[(programs,)](
        *_parts(stack.gate if stack else None, planes),
        *_parts(stack.up if stack else None, planes),
        *_parts(mlp.gate if mlp else None, planes),
        *_parts(mlp.up if mlp else None, planes),
        hidden,
        planes,
        slot_ids if chosen else levels,  # no kernel gets the address of an empty tensor
        levels,
        out.routed if chosen else levels,
        out.shared,
        HIDDEN=width_of_hidden,
        WIDTH=width,
        SHARED_WIDTH=shared_width,
        SHARED_IS_NF4=mlp is not None and mlp.is_nf4,
        CHOSEN=chosen,
        TOKENS=tokens,
        ROWS=rows,
        SHARED_ROWS=shared_rows,
        WORDS=WORDS,
        STEP=COLUMNS_AT_ONCE,
        num_warps=1,
        maxnreg=most_registers(tokens),
    )


def down(
    stack: ExpertStack | None,
    mlp: GatedMlp | None,
    inner: InnerProducts,
    slot_ids: Tensor,
    weights: Tensor,
    levels: Tensor,
    out: Tensor,
) -> None:
    """weights: float32 [T, k]; out: bf16 [T, H]."""
    tokens, hidden = out.shape
    chosen, width = slot_ids.shape[1], inner.routed.shape[-1] * 8
    rows = rows_of_program(DOWN_ROWS)
    _down[(triton.cdiv(hidden, rows), tokens)](
        *_parts(stack.down if stack else None, levels),
        *_parts(mlp.down if mlp else None, levels),
        inner.routed if chosen else levels,
        inner.shared,
        slot_ids if chosen else levels,
        weights if chosen else levels,
        levels,
        out,
        HIDDEN=hidden,
        WIDTH=width,
        SHARED_WIDTH=mlp.width if mlp is not None else 0,
        SHARED_IS_NF4=mlp is not None and mlp.is_nf4,
        CHOSEN=chosen,
        ROWS=rows,
        WORDS=WORDS,
        STEP=COLUMNS_AT_ONCE,
        num_warps=1,
    )


def multiply_stack(hidden: Tensor, indices: Tensor, weights: Tensor, stack: ExpertStack) -> Tensor:
    """Routed experts alone, outside the decode step: bf16 hidden [T, H], indices [T, k], weights float32 [T, k]."""
    tokens, chosen = indices.shape
    levels = nf4_levels(hidden.device)
    inner = empty_inner(tokens, chosen, stack.gate.shape[1], None, hidden.device)
    out = torch.empty_like(hidden)
    gate_up(stack, None, hidden, nibble_planes(hidden), indices, levels, inner)
    down(stack, None, inner, indices, weights, levels, out)
    return out


def _parts(matrix: Matrix | None, absent: Tensor) -> tuple[Tensor, Tensor]:
    """Codes and magnitudes, or the full weight twice; `absent` where the kernel will not look."""
    if matrix is None:
        return absent, absent
    if isinstance(matrix, Nf4):
        return words_of(matrix), matrix.absmax
    return matrix, matrix


def _wide(matrix: Matrix) -> Tensor:
    return dequantize_plainly(matrix) if isinstance(matrix, Nf4) else matrix.float()


@triton.jit
def _silu_times(gate, up):
    return gate / (1.0 + tl.exp(-gate)) * up


@triton.jit
def _gate_up(
    gate_words,
    gate_absmax,
    up_words,
    up_absmax,
    shared_gate,
    shared_gate_absmax,
    shared_up,
    shared_up_absmax,
    hidden,
    planes,
    slot_ids,
    levels,
    routed_out,
    shared_out,
    HIDDEN: tl.constexpr,
    WIDTH: tl.constexpr,
    SHARED_WIDTH: tl.constexpr,
    SHARED_IS_NF4: tl.constexpr,
    CHOSEN: tl.constexpr,
    TOKENS: tl.constexpr,
    ROWS: tl.constexpr,
    SHARED_ROWS: tl.constexpr,
    WORDS: tl.constexpr,
    STEP: tl.constexpr,
):
    table = tl.load(levels + tl.arange(0, 16))
    program = tl.program_id(0)
    routed: tl.constexpr = TOKENS * CHOSEN * ((WIDTH + ROWS - 1) // ROWS)
    # fmt: off
    if program < routed:
        if CHOSEN > 0:
            _routed_gate_up(program, gate_words, gate_absmax, up_words, up_absmax, planes, slot_ids, table, routed_out,
                            HIDDEN, WIDTH, CHOSEN, ROWS, WORDS)
    else:
        if SHARED_WIDTH > 0:
            _shared_gate_up((program - routed) * SHARED_ROWS, shared_gate, shared_gate_absmax, shared_up,
                            shared_up_absmax, hidden, planes, table, shared_out, HIDDEN, SHARED_WIDTH, SHARED_IS_NF4,
                            TOKENS, SHARED_ROWS, WORDS, STEP)
    # fmt: on


@triton.jit
def _routed_gate_up(
    program,
    gate_words,
    gate_absmax,
    up_words,
    up_absmax,
    planes,
    slot_ids,
    table,
    out,
    HIDDEN: tl.constexpr,
    WIDTH: tl.constexpr,
    CHOSEN: tl.constexpr,
    ROWS: tl.constexpr,
    WORDS: tl.constexpr,
):
    """A few rows of one token's one expert."""
    blocks: tl.constexpr = (WIDTH + ROWS - 1) // ROWS
    pair = program // blocks
    first_row = (program % blocks) * ROWS
    slot = tl.load(slot_ids + pair).to(tl.int64)
    # Rows of gate, then the same rows of up, in one tile: an activation is loaded once for both.
    both = tl.arange(0, 2 * ROWS)
    inside = slot * WIDTH + tl.minimum(first_row + both % ROWS, WIDTH - 1)
    is_gate = both < ROWS
    code_rows = tl.where(is_gate, gate_words + inside * (HIDDEN // 8), up_words + inside * (HIDDEN // 8))
    scale_rows = tl.where(is_gate, gate_absmax + inside * (HIDDEN // 64), up_absmax + inside * (HIDDEN // 64))
    mine = planes + (pair // CHOSEN) * HIDDEN
    sums = nf4_products(code_rows, scale_rows, mine, table, HIDDEN, 1, 2 * ROWS, WORDS)
    gate, up = _halves(tl.sum(sums[0], 1), ROWS)
    row = first_row + tl.arange(0, ROWS)
    tl.store(out + pair * WIDTH + plane_offset(row, WIDTH), _silu_times(gate, up), mask=row < WIDTH)


@triton.jit
def _halves(values, ROWS: tl.constexpr):
    """The first and the second ROWS of 2 * ROWS values."""
    return tl.split(tl.trans(tl.reshape(values, (2, ROWS))))


@triton.jit
def _shared_gate_up(
    first_row,
    gate_weight,
    gate_absmax,
    up_weight,
    up_absmax,
    hidden,
    planes,
    table,
    out,
    HIDDEN: tl.constexpr,
    WIDTH: tl.constexpr,
    IS_NF4: tl.constexpr,
    TOKENS: tl.constexpr,
    ROWS: tl.constexpr,
    WORDS: tl.constexpr,
    STEP: tl.constexpr,
):
    """A few rows of the shared expert for all tokens."""
    both = tl.arange(0, 2 * ROWS)
    inside = tl.minimum(first_row + both % ROWS, WIDTH - 1).to(tl.int64)
    is_gate = both < ROWS
    row = first_row + tl.arange(0, ROWS)
    if IS_NF4:
        code_rows = tl.where(is_gate, gate_weight + inside * (HIDDEN // 8), up_weight + inside * (HIDDEN // 8))
        scale_rows = tl.where(is_gate, gate_absmax + inside * (HIDDEN // 64), up_absmax + inside * (HIDDEN // 64))
        sums = nf4_products(code_rows, scale_rows, planes, table, HIDDEN, TOKENS, 2 * ROWS, WORDS)
        place = plane_offset(row, WIDTH)
    else:
        weight_rows = tl.where(is_gate, gate_weight + inside * HIDDEN, up_weight + inside * HIDDEN)
        sums = full_products(weight_rows, hidden, HIDDEN, TOKENS, 2 * ROWS, STEP)
        place = row
    for token in tl.static_range(TOKENS):
        gate, up = _halves(tl.sum(sums[token], 1), ROWS)
        product = _silu_times(gate, up).to(out.dtype.element_ty)
        tl.store(out + token * WIDTH + place, product, mask=row < WIDTH)


@triton.jit
def _down(
    words,
    absmax,
    shared_down,
    shared_down_absmax,
    routed,
    shared,
    slot_ids,
    weights,
    levels,
    out,
    HIDDEN: tl.constexpr,
    WIDTH: tl.constexpr,
    SHARED_WIDTH: tl.constexpr,
    SHARED_IS_NF4: tl.constexpr,
    CHOSEN: tl.constexpr,
    ROWS: tl.constexpr,
    WORDS: tl.constexpr,
    STEP: tl.constexpr,
):
    row = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    token = tl.program_id(1)
    inside = tl.minimum(row, HIDDEN - 1).to(tl.int64)
    table = tl.load(levels + tl.arange(0, 16))
    total = tl.zeros((ROWS,), tl.float32)
    if CHOSEN > 0:
        sums = tl.zeros((ROWS, WORDS), tl.float32)
        # Two experts at a time, so that the loads of one cover the wait for the other.
        for place in tl.range(0, CHOSEN, loop_unroll_factor=2):
            pair = token * CHOSEN + place
            at = tl.load(slot_ids + pair).to(tl.int64) * HIDDEN + inside
            code_rows, scale_rows = words + at * (WIDTH // 8), absmax + at * (WIDTH // 64)
            found = nf4_products(code_rows, scale_rows, routed + pair * WIDTH, table, WIDTH, 1, ROWS, WORDS)
            sums += found[0] * tl.load(weights + pair)
        total += tl.sum(sums, 1)
    if SHARED_WIDTH > 0:
        mine = shared + token * SHARED_WIDTH
        if SHARED_IS_NF4:
            code_rows = shared_down + inside * (SHARED_WIDTH // 8)
            scale_rows = shared_down_absmax + inside * (SHARED_WIDTH // 64)
            found = nf4_products(code_rows, scale_rows, mine, table, SHARED_WIDTH, 1, ROWS, WORDS)
        else:
            found = full_products(shared_down + inside * SHARED_WIDTH, mine, SHARED_WIDTH, 1, ROWS, STEP)
        total += tl.sum(found[0], 1)
    tl.store(out + token * HIDDEN + row, total.to(out.dtype.element_ty), mask=row < HIDDEN)
