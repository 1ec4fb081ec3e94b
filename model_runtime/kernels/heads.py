"""Norm and turn the new query and key heads and put keys and values into the cache, in one launch.

The plain version is what `Attention` and `KeyValueCache.write` do one after the other; every rounding to bf16 is kept.
"""

from __future__ import annotations

from dataclasses import dataclass

import triton
import triton.language as tl
from torch import Tensor

from model_runtime.kernels.norm import add_and_norm_plainly


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadNorms:
    """Weights of the norms over query and key heads, bf16 [D] each; eps is that of every norm."""

    query: Tensor
    key: Tensor
    eps: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """Cosine and signed sine of the new positions as `Rotary.angles` gives them: float32 [T, 1, R]."""

    cosine: Tensor
    sine: Tensor


def place_heads_plainly(
    projected: Tensor, norms: HeadNorms | None, turn: Turn, numbers: Tensor, scales: Tensor, length: int
) -> Tensor:
    """projected: bf16 [T, Q + 2K, D] -> queries [T, Q, D]; keys and values go to numbers [2, K, capacity, D]."""
    tokens, kv_heads = len(projected), numbers.shape[1]
    queries, keys, values = projected.split([projected.shape[1] - 2 * kv_heads, kv_heads, kv_heads], 1)
    if norms is not None:
        queries = add_and_norm_plainly(queries, None, norms.query, norms.eps)[1]
        keys = add_and_norm_plainly(keys, None, norms.key, norms.eps)[1]
    for part, heads in enumerate((_turned(keys, turn), values)):
        stored = heads.transpose(0, 1).float()
        if scales.shape[2]:
            scale = stored.abs().amax(-1) / 127
            scales[part, :, length : length + tokens] = scale
            stored = (stored / scale.clamp_min(1e-30)[..., None]).round()
        numbers[part, :, length : length + tokens] = stored.to(numbers.dtype)
    return _turned(queries, turn)


def place_heads(
    projected: Tensor,
    norms: HeadNorms | None,
    turn: Turn,
    numbers: Tensor,
    scales: Tensor,
    length: Tensor,
    queries: Tensor,
) -> None:
    """The same; length: int32 [1], tokens before the new ones; queries: bf16 [T, Q, D]."""
    tokens, heads, width = projected.shape
    kv_heads, capacity = numbers.shape[1], numbers.shape[2]
    _place_heads[(heads, tokens)](
        projected,
        norms.query if norms else projected,
        norms.key if norms else projected,
        turn.cosine,
        turn.sine,
        numbers,
        scales if scales.shape[2] else turn.cosine,  # no kernel gets the address of an empty tensor
        length,
        queries,
        norms.eps if norms else 0.0,
        capacity,
        HEADS=heads - 2 * kv_heads,
        KV_HEADS=kv_heads,
        WIDTH=width,
        ROTARY=turn.cosine.shape[-1],
        HAS_NORM=norms is not None,
        IS_SCALED=scales.shape[2] > 0,
        BLOCK_D=triton.next_power_of_2(width),
        num_warps=1,
    )


def _turned(heads: Tensor, turn: Turn) -> Tensor:
    rotary = turn.cosine.shape[-1]
    turning = heads[..., :rotary].float()
    turned = heads.clone()
    turned[..., :rotary] = (turning * turn.cosine + turning.roll(rotary // 2, -1) * turn.sine).to(heads.dtype)
    return turned


@triton.jit
def _normed(values, mean_square, weight, eps, dtype: tl.constexpr):
    unit = (values * tl.rsqrt(mean_square + eps)).to(dtype).to(tl.float32)
    return (unit * weight).to(dtype).to(tl.float32)


@triton.jit
def _whole(value):
    """The nearest whole number, a half to the even one as in torch: beside 1.5 * 2^23 no fraction has room."""
    return (value + 12582912.0) - 12582912.0


@triton.jit
def _place_heads(
    projected,
    query_norm,
    key_norm,
    cosine,
    sine,
    numbers,
    scales,
    length,
    queries,
    eps,
    capacity,
    HEADS: tl.constexpr,
    KV_HEADS: tl.constexpr,
    WIDTH: tl.constexpr,
    ROTARY: tl.constexpr,
    HAS_NORM: tl.constexpr,
    IS_SCALED: tl.constexpr,
    BLOCK_D: tl.constexpr,
):
    head = tl.program_id(0)
    token = tl.program_id(1)
    column = tl.arange(0, BLOCK_D)
    inside = column < WIDTH
    source = projected + (token * (HEADS + 2 * KV_HEADS) + head) * WIDTH
    dtype: tl.constexpr = projected.dtype.element_ty
    values = tl.load(source + column, mask=inside, other=0.0).to(tl.float32)
    if head < HEADS + KV_HEADS:
        is_turning = column < ROTARY
        other = tl.where(is_turning, (column + ROTARY // 2) % ROTARY, column)  # the dimension that turns with this one
        partners = tl.load(source + other, mask=inside, other=0.0).to(tl.float32)
        if HAS_NORM:
            weights = query_norm
            if head >= HEADS:
                weights = key_norm
            mean_square = tl.sum(values * values, 0) / WIDTH
            values = _normed(values, mean_square, tl.load(weights + column, mask=inside, other=0.0), eps, dtype)
            partners = _normed(partners, mean_square, tl.load(weights + other, mask=inside, other=0.0), eps, dtype)
        angle = token * ROTARY + column
        cosines = tl.load(cosine + angle, mask=is_turning, other=1.0)
        sines = tl.load(sine + angle, mask=is_turning, other=0.0)
        values = (values * cosines + partners * sines).to(dtype).to(tl.float32)
    if head < HEADS:
        tl.store(queries + (token * HEADS + head) * WIDTH + column, values.to(dtype), mask=inside)
    else:  # keys stand before values both here and in the cache
        place = (head - HEADS).to(tl.int64) * capacity + tl.load(length) + token
        if IS_SCALED:
            scale = tl.max(tl.abs(values), 0) / 127
            tl.store(scales + place, scale)
            values = _whole(tl.div_rn(values, tl.maximum(scale, 1e-30)))
        tl.store(numbers + place * WIDTH + column, values.to(numbers.dtype.element_ty), mask=inside)
