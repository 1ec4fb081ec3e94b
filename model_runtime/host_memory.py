"""Host memory for weights: a token touches them all over gigabytes, so they ask for large pages."""

from __future__ import annotations

import math
import mmap

import torch
from torch import Tensor


def empty_on_huge_pages(shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
    """Zeroed memory that asks for 2 MiB pages, where the system has them."""
    elements = math.prod(shape)
    if not hasattr(mmap, "MADV_HUGEPAGE"):
        return torch.zeros(shape, dtype=dtype)
    memory = mmap.mmap(-1, max(1, elements * dtype.itemsize), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    memory.madvise(mmap.MADV_HUGEPAGE)  # shared memory gets none
    return torch.frombuffer(memory, dtype=dtype, count=elements).view(shape)
