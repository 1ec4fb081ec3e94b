"""Attention by blocks and by folded heads equals the formula."""

from __future__ import annotations

import pytest
import torch

from model_runtime import attention
from model_runtime.attention import attend, attend_plainly


@pytest.mark.parametrize(("tokens", "seen"), [(1, 1), (1, 300), (5, 5), (9, 70), (17, 17), (40, 100), (200, 200)])
@pytest.mark.parametrize("groups", [1, 4])
def test_blocks_equal_the_formula(tokens: int, seen: int, groups: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attention, "QUERY_BLOCK_TOKENS", 32)
    random = torch.Generator().manual_seed(tokens)
    query = torch.randn(2 * groups, tokens, 16, generator=random)
    keys, values = torch.randn(2, 2, seen, 16, generator=random)
    assert torch.allclose(attend(query, keys, values), attend_plainly(query, keys, values), atol=1e-5)
