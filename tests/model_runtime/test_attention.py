"""Attention by blocks and by folded heads equals the formula."""

from __future__ import annotations

import pytest
import torch

from model_runtime import attention
from model_runtime.attention import attend, attend_plainly


@pytest.mark.gpu
@pytest.mark.parametrize(("tokens", "seen"), [(1, 4096), (9, 4096), (700, 700), (700, 5000)])
def test_attention_on_a_gpu_equals_the_formula(tokens: int, seen: int) -> None:
    random = torch.Generator("cuda").manual_seed(tokens)
    query = torch.randn(32, tokens, 128, generator=random, device="cuda", dtype=torch.bfloat16)
    keys, values = torch.randn(2, 4, seen, 128, generator=random, device="cuda", dtype=torch.bfloat16)
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    mixed = attend(query, keys, values)
    assert torch.cuda.max_memory_allocated() - before < 200 * 2**20  # all scores would take more
    assert (mixed - attend_plainly(query, keys, values)).abs().max() < 0.03


@pytest.mark.parametrize(("tokens", "seen"), [(1, 1), (1, 300), (5, 5), (9, 70), (17, 17), (40, 100), (200, 200)])
@pytest.mark.parametrize("groups", [1, 4])
def test_blocks_equal_the_formula(tokens: int, seen: int, groups: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attention, "QUERY_BLOCK_TOKENS", 32)
    random = torch.Generator().manual_seed(tokens)
    query = torch.randn(2 * groups, tokens, 16, generator=random)
    keys, values = torch.randn(2, 2, seen, 16, generator=random)
    assert torch.allclose(attend(query, keys, values), attend_plainly(query, keys, values), atol=1e-5)


def test_the_form_that_a_gpu_is_given_is_the_same_causal_one() -> None:
    random = torch.Generator().manual_seed(0)
    query = torch.randn(8, 40, 16, generator=random)
    keys, values = torch.randn(2, 2, 100, 16, generator=random)
    mixed = attention._attend_causally(query, keys, values)
    assert torch.allclose(mixed, attend_plainly(query, keys, values), atol=1e-5)
