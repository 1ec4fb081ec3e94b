"""Host memory on large pages: a token touches weights all over gigabytes."""

from __future__ import annotations

import math
import mmap

import torch
from torch import Tensor


class Workspace:
    """Memory for what is needed for a moment, kept for whoever needs it next under the same name."""

    def __init__(self) -> None:
        self._held: dict[str, Tensor] = {}

    def take(self, name: str, shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
        """Uncleared memory of that shape; it is the caller's until the name is taken again."""
        elements = math.prod(shape)
        held = self._held.get(name)
        if held is None or held.dtype is not dtype or len(held) < elements:
            self._held[name] = held = empty_on_huge_pages((elements,), dtype)
        return held[:elements].view(shape)


def empty_on_huge_pages(shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
    """Zeroed memory that asks for 2 MiB pages, where the system has them."""
    elements = math.prod(shape)
    if not hasattr(mmap, "MADV_HUGEPAGE"):
        return torch.zeros(shape, dtype=dtype)
    memory = mmap.mmap(-1, max(1, elements * dtype.itemsize), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    memory.madvise(mmap.MADV_HUGEPAGE)  # shared memory gets none
    return torch.frombuffer(memory, dtype=dtype, count=elements).view(shape)
