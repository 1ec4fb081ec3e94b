"""Which experts see a token: float32 scores in one launch, the choice in another, beside `Router.choose`.

Two launches, because the scores are a product with 4 MiB of float32 weights, which one program would read alone while
the rest of the GPU waits, and the choice needs all of them. Ties go to the lower id.
"""

from __future__ import annotations

from dataclasses import dataclass

import triton
import triton.language as tl
from torch import Tensor

from model_runtime.config import ModelConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What is chosen, and the logits on the way: logits float32 [T, E]; expert_ids int64 and weights float32 [T, k]."""

    logits: Tensor
    expert_ids: Tensor
    weights: Tensor


def choose(hidden: Tensor, weight: Tensor, bias: Tensor | None, config: ModelConfig, choice: Choice) -> None:
    """hidden: bf16 [T, H]; weight: float32 [E, H]; bias: float32 [E] or None."""
    tokens, width = hidden.shape
    experts = weight.shape[0]
    step = min(512, triton.next_power_of_2(width))
    _score[(experts,)](
        hidden, weight, choice.logits, EXPERTS=experts, WIDTH=width, TOKENS=tokens, STEP=step, num_warps=4
    )
    groups = config.n_group if config.topk_group < config.n_group else 1
    size = experts // groups
    _select[(tokens,)](
        choice.logits,
        weight if bias is None else bias,
        choice.expert_ids,
        choice.weights,
        config.routed_scaling_factor,
        HAS_BIAS=bias is not None,
        GROUPS=groups,
        SIZE=size,
        OPEN_GROUPS=config.topk_group,
        CHOSEN=config.num_experts_per_tok,
        NORMALIZED=config.norm_topk_prob and config.num_experts_per_tok > 1,
        BLOCK_G=triton.next_power_of_2(groups),
        BLOCK_E=triton.next_power_of_2(size),
        BLOCK_K=triton.next_power_of_2(config.num_experts_per_tok),
        num_warps=1,
    )


@triton.jit
def _score(
    hidden, weight, logits, EXPERTS: tl.constexpr, WIDTH: tl.constexpr, TOKENS: tl.constexpr, STEP: tl.constexpr
):
    expert = tl.program_id(0)
    sums = (tl.zeros((STEP,), tl.float32),) * TOKENS
    for start in tl.range(0, WIDTH, STEP):
        column = start + tl.arange(0, STEP)
        weights = tl.load(weight + expert * WIDTH + column, mask=column < WIDTH, other=0.0)
        added = ()
        for token in tl.static_range(TOKENS):
            values = tl.load(hidden + token * WIDTH + column, mask=column < WIDTH, other=0.0).to(tl.float32)
            added = added + (sums[token] + weights * values,)
        sums = added
    for token in tl.static_range(TOKENS):
        tl.store(logits + token * EXPERTS + expert, tl.sum(sums[token], 0))


@triton.jit
def _select(
    logits,
    bias,
    expert_ids,
    weights,
    scaling,
    HAS_BIAS: tl.constexpr,
    GROUPS: tl.constexpr,
    SIZE: tl.constexpr,
    OPEN_GROUPS: tl.constexpr,
    CHOSEN: tl.constexpr,
    NORMALIZED: tl.constexpr,
    BLOCK_G: tl.constexpr,
    BLOCK_E: tl.constexpr,
    BLOCK_K: tl.constexpr,
):
    token = tl.program_id(0)
    group = tl.arange(0, BLOCK_G)
    member = tl.arange(0, BLOCK_E)
    is_expert = (group < GROUPS)[:, None] & (member < SIZE)[None, :]
    expert = group[:, None] * SIZE + member[None, :]
    scores = tl.sigmoid(tl.load(logits + token * GROUPS * SIZE + expert, mask=is_expert, other=0.0))
    biased = scores
    if HAS_BIAS:
        biased += tl.load(bias + expert, mask=is_expert, other=0.0)
    biased = tl.where(is_expert, biased, float("-inf"))
    if GROUPS > 1:
        is_open = _open_groups(biased, GROUPS, OPEN_GROUPS, BLOCK_G, BLOCK_E)
        biased = tl.where(is_open[:, None], biased, float("-inf"))
    biased = tl.reshape(biased, (BLOCK_G * BLOCK_E,))
    scores = tl.reshape(scores, (BLOCK_G * BLOCK_E,))
    place = tl.arange(0, BLOCK_G * BLOCK_E)
    rank = tl.arange(0, BLOCK_K)
    ids = tl.zeros((BLOCK_K,), tl.int32)
    chosen = tl.zeros((BLOCK_K,), tl.float32)
    for k in tl.static_range(CHOSEN):
        best = tl.argmax(biased, 0)
        is_best = place == best
        ids = tl.where(rank == k, best // BLOCK_E * SIZE + best % BLOCK_E, ids)
        chosen = tl.where(rank == k, tl.sum(tl.where(is_best, scores, 0.0), 0), chosen)
        biased = tl.where(is_best, float("-inf"), biased)
    if NORMALIZED:
        chosen = chosen / (tl.sum(chosen, 0) + 1e-20)
    tl.store(expert_ids + token * CHOSEN + rank, ids, mask=rank < CHOSEN)
    tl.store(weights + token * CHOSEN + rank, chosen * scaling, mask=rank < CHOSEN)


@triton.jit
def _open_groups(biased, GROUPS: tl.constexpr, OPEN_GROUPS: tl.constexpr, BLOCK_G: tl.constexpr, BLOCK_E: tl.constexpr):
    """The best groups, by the sum of their two best experts: bool [BLOCK_G]."""
    group = tl.arange(0, BLOCK_G)
    first = tl.argmax(biased, 1)
    rest = tl.where(tl.arange(0, BLOCK_E)[None, :] == first[:, None], float("-inf"), biased)
    score = tl.max(biased, 1) + tl.max(rest, 1)
    score = tl.where(group < GROUPS, score, float("-inf"))
    is_open = group < 0
    for _ in tl.static_range(OPEN_GROUPS):
        is_best = group == tl.argmax(score, 0)
        is_open = is_open | is_best
        score = tl.where(is_best, float("-inf"), score)
    return is_open
