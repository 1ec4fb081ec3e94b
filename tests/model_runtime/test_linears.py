"""A product at full width is the same by either way."""

from __future__ import annotations

import pytest
import torch

from model_runtime import linears
from model_runtime.linears import multiply


@pytest.mark.parametrize("tokens", [1, 23, 24, 70])
def test_a_product_by_way_of_float32_is_the_bf16_product(tokens: int, monkeypatch: pytest.MonkeyPatch) -> None:
    source = torch.Generator().manual_seed(tokens)
    hidden = torch.randn(2, tokens, 96, generator=source).bfloat16()
    weight = torch.randn(1500, 96, generator=source).bfloat16()
    expected = hidden.float() @ weight.float().T
    for has_product in (False, True):
        monkeypatch.setattr(linears, "_has_bf16_product", lambda has_product=has_product: has_product)
        found = multiply(hidden, weight)
        assert found.dtype is torch.bfloat16
        torch.testing.assert_close(found.float(), expected, rtol=0.01, atol=0.05)
