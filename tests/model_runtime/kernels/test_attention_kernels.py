"""Split attention, the placing of heads, the norm and the router equal the plain network."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from model_runtime.config import parse_config
from model_runtime.kernels import attention, heads, norm, router
from model_runtime.kernels.nf4_tile import nibble_planes
from model_runtime.router import Router
from tests.model_runtime.tiny_checkpoint import tiny_config

NAN = float("nan")


def error(found: Tensor, expected: Tensor) -> float:
    return float((found.float() - expected.float()).norm() / expected.float().norm())


def cache_memory(kv_heads: int, capacity: int, width: int, *, is_int8: bool) -> tuple[Tensor, Tensor]:
    source = torch.Generator().manual_seed(capacity)
    shape = (2, kv_heads, capacity, width)
    if is_int8:
        numbers = torch.randint(-127, 128, shape, dtype=torch.int8, generator=source)
        return numbers, torch.rand(shape[:3], generator=source) / 60
    return torch.randn(shape, generator=source).bfloat16(), torch.empty(2, kv_heads, 0)


@pytest.mark.parametrize(
    ("kv_heads", "group", "width", "tokens", "length", "is_int8"),
    [
        (2, 8, 64, 1, 0, False),  # the first token of all
        (1, 8, 128, 3, 100, False),
        (2, 1, 64, 8, 70, True),
        (1, 8, 64, 8, 257, True),
        (1, 4, 128, 1, 64, False),  # the new token begins a block
    ],
)
def test_attention_in_splits_equals_the_formula(
    kv_heads: int, group: int, width: int, tokens: int, length: int, is_int8: bool
) -> None:
    numbers, scales = cache_memory(kv_heads, length + tokens + 5, width, is_int8=is_int8)
    if not is_int8:
        numbers[:, :, length + tokens :] = NAN  # what stands behind the new tokens is never used
    query = torch.randn(tokens, kv_heads * group, width).bfloat16()
    parts = attention.empty_parts(tokens, kv_heads * group, width, query.device, splits=4)
    for part in (parts.mixed, parts.highest, parts.total):
        part.fill_(NAN)
    on_device = torch.tensor([length], dtype=torch.int32)
    out = torch.full((tokens, kv_heads * group * width), NAN, dtype=torch.bfloat16)
    planes = torch.full((tokens, 8, out.shape[1] // 8), NAN)
    attention.mix(query, numbers, scales, on_device, parts)
    attention.combine(parts, on_device, out, planes)
    expected = attention.mix_plainly(query, numbers, scales, length).flatten(1)
    assert error(out, expected) < 0.005
    assert error(planes, nibble_planes(expected)) < 0.005


@pytest.mark.parametrize(
    ("tokens", "width", "rotary", "is_int8", "has_norm"),
    [(1, 32, 16, False, True), (3, 64, 32, True, True), (2, 128, 128, False, False), (8, 128, 64, True, True)],
)
def test_heads_are_normed_turned_and_stored_to_the_bit(
    tokens: int, width: int, rotary: int, is_int8: bool, has_norm: bool
) -> None:
    kv_heads, length = 2, 7
    source = torch.Generator().manual_seed(tokens)
    projected = torch.randn(tokens, 3 + 2 * kv_heads, width, generator=source).bfloat16()
    weights = torch.randn(2, width, generator=source).bfloat16()
    norms = heads.HeadNorms(query=weights[0], key=weights[1], eps=1e-6) if has_norm else None
    angles = torch.rand(tokens, 1, rotary // 2, generator=source) * 50
    cosine, sine = angles.cos() * 1.1, angles.sin() * 1.1
    turn = heads.Turn(cosine=torch.cat((cosine, cosine), -1), sine=torch.cat((-sine, sine), -1))
    memory = [cache_memory(kv_heads, 20, width, is_int8=is_int8) for _ in range(2)]
    expected = heads.place_heads_plainly(projected, norms, turn, *memory[0], length)
    found = torch.full_like(expected, NAN)
    heads.place_heads(projected, norms, turn, *memory[1], torch.tensor([length], dtype=torch.int32), found)
    assert torch.equal(found, expected)
    assert torch.equal(memory[1][0], memory[0][0])
    assert torch.equal(memory[1][1], memory[0][1])


@pytest.mark.parametrize(("tokens", "hidden", "has_block"), [(1, 64, True), (3, 96, False), (8, 200, True)])
def test_the_norm_equals_the_plain_one(tokens: int, hidden: int, has_block: bool) -> None:
    stream, weight = torch.randn(tokens, hidden).bfloat16(), torch.randn(hidden).bfloat16()
    block = torch.randn(tokens, hidden).bfloat16() if has_block else None
    expected_stream, expected = norm.add_and_norm_plainly(stream, block, weight, 1e-6)
    normed, planes = torch.full_like(stream, NAN), torch.full((tokens, 8, hidden // 8), NAN)
    norm.add_and_norm(stream, block, weight, 1e-6, normed, planes)
    assert torch.equal(stream, expected_stream)
    torch.testing.assert_close(normed, expected, rtol=2**-7, atol=0)
    assert torch.equal(planes, nibble_planes(normed))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"n_group": 1, "topk_group": 1, "num_experts": 12},
        {"num_experts": 24, "n_group": 3, "topk_group": 1, "num_experts_per_tok": 5, "norm_topk_prob": False},
        {"num_experts_per_tok": 1},
    ],
)
def test_the_router_chooses_the_same_experts(changes: dict[str, object]) -> None:
    config = parse_config(tiny_config(**changes))
    experts, chosen = config.num_experts, config.num_experts_per_tok
    source = torch.Generator().manual_seed(5)
    weight = torch.randn(experts, 64, generator=source) / 8
    bias = torch.randn(experts, generator=source) * 0.3 - 0.6  # some scores become negative
    hidden = torch.randn(5, 64, generator=source).bfloat16()
    choice = router.Choice(
        logits=torch.full((5, experts), NAN),
        expert_ids=torch.full((5, chosen), -1),
        weights=torch.full((5, chosen), NAN),
    )
    router.choose(hidden, weight, bias, config, choice)
    ids, weights = Router(config, weight, bias).choose(hidden)
    assert torch.equal(choice.expert_ids, ids)
    torch.testing.assert_close(choice.weights, weights)


def test_without_a_bias_and_with_equal_scores_the_lower_ids_win() -> None:
    config = parse_config(tiny_config())
    weight = torch.zeros(config.num_experts, 64)
    choice = router.Choice(
        logits=torch.empty(1, config.num_experts), expert_ids=torch.full((1, 4), -1), weights=torch.empty(1, 4)
    )
    router.choose(torch.ones(1, 64).bfloat16(), weight, None, config, choice)
    assert choice.expert_ids.tolist() == [[0, 1, 2, 3]]
    assert torch.allclose(choice.weights, torch.full((1, 4), config.routed_scaling_factor / 4))
