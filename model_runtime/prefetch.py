"""Guess what a layer will need from the hidden state of the layer before, and fetch it while that one computes.

The guess is the layer's own router over the earlier state: neighbouring layers' states are alike. Off by default: the
link to the host is the narrowest place, so an expert fetched in vain delays one that is needed, and fetching early
can hide no more than the time that a layer computes. What it brings on a GPU was not measured.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from model_runtime.slot_cache import SlotCache


class Chooser(Protocol):
    """What a router does."""

    def choose(self, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """hidden [T, H] -> expert ids int64 [T, k], weights."""
        ...


class Prefetch:
    """Fetches for one layer, on a stream of its own where there are streams."""

    def __init__(self, cache: SlotCache, router: Chooser, stream: torch.cuda.Stream | None) -> None:
        self._cache = cache
        self._router = router
        self._stream = stream
        self._is_under_way = False

    def start(self, hidden: Tensor) -> None:
        """hidden [T, H]: of the layer before. It may be overwritten as soon as this returns: only copies wait."""
        expert_ids, _ = self._router.choose(hidden)
        if self._stream is None:
            self._cache.prefetch(expert_ids)
            return
        self._stream.wait_stream(torch.cuda.current_stream(hidden.device))
        with torch.cuda.stream(self._stream):
            self._cache.prefetch(expert_ids)
        expert_ids.record_stream(self._stream)  # its memory is not given to others before it was read
        self._is_under_way = True

    def join(self) -> None:
        """What is asked for from now on comes after the fetch."""
        if self._stream is not None and self._is_under_way:
            torch.cuda.current_stream(self._stream.device).wait_stream(self._stream)
            self._is_under_way = False
