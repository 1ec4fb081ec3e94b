"""Attention of a few new tokens over the cache: the keys are split among programs, then the parts are combined.

A program reads a stretch of one key-value head once for all query heads that share it. How far to read comes from
device memory, so one recorded launch serves every length: the stretches grow with it. 8-bit keys and values are
multiplied as whole numbers and scaled afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import triton
import triton.language as tl
from torch import Tensor

from model_runtime.attention import attend_plainly

SPLITS = 64  # with the 4 key-value heads of the family 256 programs, about two for each processor of a big GPU
BLOCK_S = 32  # cached tokens at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the splits hand over: mixed float32 [SPLITS, T, Q, D], unnormalized; highest and total [SPLITS, T, Q]."""

    mixed: Tensor
    highest: Tensor
    total: Tensor


def empty_parts(tokens: int, heads: int, width: int, device: torch.device, splits: int = SPLITS) -> Parts:
    """Room for them."""
    shape = (splits, tokens, heads)
    return Parts(
        mixed=torch.empty((*shape, width), device=device),
        highest=torch.empty(shape, device=device),
        total=torch.empty(shape, device=device),
    )


def mix_plainly(query: Tensor, numbers: Tensor, scales: Tensor, length: int) -> Tensor:
    """query [T, Q, D] over a layer's numbers [2, K, capacity, D] and scales [2, K, capacity] -> float32 [T, Q, D].

    The last dimension of scales is 0 without them. The new tokens stand in the cache at length .. length + T.
    """
    seen = length + len(query)
    stored = numbers[:, :, :seen].float()
    if scales.shape[2]:
        stored = stored * scales[:, :, :seen, None]
    return attend_plainly(query.float().transpose(0, 1), stored[0], stored[1]).transpose(0, 1)


def mix(query: Tensor, numbers: Tensor, scales: Tensor, length: Tensor, parts: Parts) -> None:
    """The same, in parts. length: int32 [1], tokens before the new ones."""
    tokens, heads, width = query.shape
    splits = parts.mixed.shape[0]
    kv_heads, capacity = numbers.shape[1], numbers.shape[2]
    group = heads // kv_heads
    _mix[(kv_heads, splits)](
        query,
        numbers,
        scales if scales.shape[2] else parts.total,  # no kernel gets the address of an empty tensor
        length,
        parts.mixed,
        parts.highest,
        parts.total,
        capacity,
        KV_HEADS=kv_heads,
        GROUP=group,
        WIDTH=width,
        TOKENS=tokens,
        SPLITS=splits,
        IS_SCALED=scales.shape[2] > 0,
        BLOCK_M=max(16, triton.next_power_of_2(tokens * group)),
        BLOCK_S=BLOCK_S,
        num_warps=4,
        num_stages=3,
    )


def combine(parts: Parts, length: Tensor, out: Tensor, planes: Tensor) -> None:
    """out: bf16 [T, Q * D]; planes: the same as nibble planes, float32 [T, 8, Q * D / 8]."""
    splits, tokens, heads, width = parts.mixed.shape
    _combine[(tokens, heads)](
        parts.mixed,
        parts.highest,
        parts.total,
        length,
        out,
        planes,
        WIDTH=width,
        SPLITS=splits,
        BLOCK_S=BLOCK_S,
        num_warps=4,
    )


@triton.jit
def _stretch(total, SPLITS: tl.constexpr, BLOCK_S: tl.constexpr):
    """Tokens for each split: whole blocks, so that the last splits may have none."""
    return tl.cdiv(tl.cdiv(total, SPLITS), BLOCK_S) * BLOCK_S


@triton.jit
def _mix(
    query,
    numbers,
    scales,
    length,
    mixed,
    highest,
    total,
    capacity,
    KV_HEADS: tl.constexpr,
    GROUP: tl.constexpr,
    WIDTH: tl.constexpr,
    TOKENS: tl.constexpr,
    SPLITS: tl.constexpr,
    IS_SCALED: tl.constexpr,
    BLOCK_M: tl.constexpr,
    BLOCK_S: tl.constexpr,
):
    kv_head = tl.program_id(0)
    split = tl.program_id(1)
    before = tl.load(length)
    seen = before + TOKENS
    stretch = _stretch(seen, SPLITS, BLOCK_S)
    begin = split * stretch
    end = tl.minimum(begin + stretch, seen)
    if begin < seen:
        row = tl.arange(0, BLOCK_M)  # the query heads of the group for the first token, then for the next
        column = tl.arange(0, WIDTH)
        token = row // GROUP
        head = kv_head * GROUP + row % GROUP
        is_row = row < TOKENS * GROUP
        query_at = query + (token * KV_HEADS * GROUP + head)[:, None] * WIDTH + column[None, :]
        queries = tl.load(query_at, mask=is_row[:, None], other=0.0)
        top = tl.full((BLOCK_M,), float("-inf"), tl.float32)
        weight = tl.zeros((BLOCK_M,), tl.float32)
        sums = tl.zeros((BLOCK_M, WIDTH), tl.float32)
        keys = numbers + kv_head.to(tl.int64) * capacity * WIDTH
        values = numbers + (KV_HEADS + kv_head).to(tl.int64) * capacity * WIDTH
        key_scales = scales + kv_head.to(tl.int64) * capacity
        value_scales = scales + (KV_HEADS + kv_head).to(tl.int64) * capacity
        to_base_2: tl.constexpr = 1.4426950408889634 / WIDTH**0.5
        for start in tl.range(begin, end, BLOCK_S):
            place = start + tl.arange(0, BLOCK_S)
            is_seen = place < seen
            at = place.to(tl.int64)[:, None] * WIDTH + column[None, :]
            key = tl.load(keys + at, mask=is_seen[:, None], other=0).to(tl.bfloat16)
            scores = tl.dot(queries, tl.trans(key)) * to_base_2
            if IS_SCALED:
                scores = scores * tl.load(key_scales + place, mask=is_seen, other=0.0)[None, :]
            visible = place[None, :] <= (before + token)[:, None]
            scores = tl.where(visible, scores, float("-inf"))
            new_top = tl.maximum(top, tl.max(scores, 1))
            finite_top = tl.where(new_top == float("-inf"), 0.0, new_top)  # a token may see nothing of this stretch
            fading = tl.exp2(top - finite_top)
            powers = tl.exp2(scores - finite_top[:, None])
            weight = weight * fading + tl.sum(powers, 1)
            if IS_SCALED:
                powers = powers * tl.load(value_scales + place, mask=is_seen, other=0.0)[None, :]
            value = tl.load(values + at, mask=is_seen[:, None], other=0).to(tl.bfloat16)
            sums = sums * fading[:, None] + tl.dot(powers.to(tl.bfloat16), value)
            top = new_top
        out_at = (split * TOKENS + token) * (KV_HEADS * GROUP) + head
        tl.store(highest + out_at, top, mask=is_row)
        tl.store(total + out_at, weight, mask=is_row)
        tl.store(mixed + out_at[:, None] * WIDTH + column[None, :], sums, mask=is_row[:, None])


@triton.jit
def _combine(
    mixed,
    highest,
    total,
    length,
    out,
    planes,
    WIDTH: tl.constexpr,
    SPLITS: tl.constexpr,
    BLOCK_S: tl.constexpr,
):
    token = tl.program_id(0)
    head = tl.program_id(1)
    tokens = tl.num_programs(0)
    heads = tl.num_programs(1)
    seen = tl.load(length) + tokens
    split = tl.arange(0, SPLITS)
    is_used = split * _stretch(seen, SPLITS, BLOCK_S) < seen
    at = (split * tokens + token) * heads + head
    top = tl.load(highest + at, mask=is_used, other=float("-inf"))
    power = tl.exp2(top - tl.max(top, 0))
    weight = tl.sum(tl.load(total + at, mask=is_used, other=0.0) * power, 0)
    column = tl.arange(0, WIDTH)
    part = tl.load(mixed + at[:, None] * WIDTH + column[None, :], mask=is_used[:, None], other=0.0)
    result = tl.sum(part * power[:, None], 0) / weight
    place = head * WIDTH + column
    row = token * heads * WIDTH
    tl.store(out + row + place, result.to(out.dtype.element_ty))
    tl.store(planes + row + ((place % 8) ^ 1) * (heads * WIDTH // 8) + place // 8, result)
