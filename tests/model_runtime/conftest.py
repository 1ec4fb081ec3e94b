"""One thread for tiny tensors: on a busy machine a second one is waited for longer than it helps."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from model_runtime.cpu_kernels import program

torch.set_num_threads(1)


@pytest.fixture
def several_threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Three threads, also for little work."""
    monkeypatch.setattr(program, "_PRODUCTS_WORTH_THREADS", -1)
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(1)
