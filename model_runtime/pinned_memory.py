"""Host memory that a card can read: pinned where the system allows it, ordinary where not."""

from __future__ import annotations

import logging

import torch
from torch import Tensor

from model_runtime.host_memory import empty_on_huge_pages

logger = logging.getLogger(__name__)


class HostMemory:
    """Hands out memory on the host for what a card will read. After the first refusal it no longer asks for pinning."""

    def __init__(self, device: torch.device) -> None:
        self._may_pin = device.type == "cuda"

    def __call__(self, shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
        """Memory of unknown content."""
        if self._may_pin:
            try:
                return torch.empty(shape, dtype=dtype, pin_memory=True)
            except RuntimeError as error:
                self._may_pin = False
                logger.warning(
                    "the system pins no more host memory (%s); the experts from here on lie in ordinary memory, "
                    "where the card cannot read them by itself: answers will be several times slower",
                    type(error).__name__,
                )
        return empty_on_huge_pages(shape, dtype)


def pinned_bytes(byte_count: int) -> int:
    """What pinning so many bytes takes: PyTorch rounds up to a power of two."""
    return 1 << max(0, byte_count - 1).bit_length()
