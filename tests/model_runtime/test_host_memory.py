"""Memory for weights."""

from __future__ import annotations

import torch

from model_runtime.host_memory import empty_on_huge_pages


def test_memory_on_huge_pages_is_zeroed_and_writable() -> None:
    memory = empty_on_huge_pages((3, 5), torch.bfloat16)
    assert not memory.any()
    memory[1, 2] = 4
    assert memory.sum() == 4
