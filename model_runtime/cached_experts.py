"""Experts in host memory that compute on a card: a few rows through the layer's slots, a prompt through whole layers.

Letters: T tokens, k experts of a token, E experts, S slots of a layer, H hidden size.
"""

from __future__ import annotations

import torch
from torch import Tensor

from model_runtime.expert_stack import ExpertKernel, ExpertStack
from model_runtime.layer_stream import LayerStream
from model_runtime.prefetch import Prefetch
from model_runtime.slot_cache import SlotCache

# A pass over a prompt reads more tokens than that where layers are streamed, so that each is copied for more of them;
# gathered rows and inner activations are needed for so many at a time only.
PIECE_TOKENS = 8192


class CachedExperts:
    """The experts of the n-th mixture layer: the `Experts` of model.py.

    `selected` computes a few rows out of the slots, `grouped` many rows out of a whole layer. For a CUDA graph: with
    at most `rows_at_once` rows `forward` neither waits for the host nor allocates anything but the kernel's result;
    `settle` is to be called before a capture, and before a replay that follows a pass outside the graph. Where
    `cache.waits_for_host` (no Triton, or host memory that is not pinned) no graph can hold it.
    """

    def __init__(
        self,
        layer: int,
        cache: SlotCache,
        stream: LayerStream,
        *,
        selected: ExpertKernel,
        grouped: ExpertKernel,
        fetched: Prefetch | None = None,
    ) -> None:
        self.cache = cache
        self._layer = layer
        self._stream = stream
        self._selected = selected
        self._grouped = grouped
        self._fetched = fetched  # for this layer, by the one before
        self._fetches: Prefetch | None = None  # for the one that follows

    def precede(self, following: Prefetch) -> None:
        """Fetch for the layer that follows, from now on."""
        self._fetches = following

    @property
    def slots(self) -> ExpertStack:
        """[S, ...]: what the indices of `place` index."""
        return self.cache.slots

    def rows_at_once(self, chosen: int) -> int:
        """How many tokens of k = `chosen` experts one step through the slots takes."""
        return len(self.slots) // chosen

    def forward(self, hidden: Tensor, expert_ids: Tensor, weights: Tensor) -> Tensor:
        """hidden [T, H], expert_ids int64 [T, k], weights float32 [T, k] -> [T, H]."""
        tokens, chosen = expert_ids.shape
        if expert_ids.numel() >= len(self.cache.host):  # the slots could have to fetch as much as the layer is
            return self._streamed(hidden, expert_ids, weights)
        rows = self.rows_at_once(chosen)
        if tokens <= rows:
            return self._through_slots(hidden, expert_ids, weights)
        parts = zip(*(torch.split(tensor, rows) for tensor in (hidden, expert_ids, weights)), strict=True)
        return torch.cat([self._through_slots(*part) for part in parts])

    def place(self, expert_ids: Tensor, hidden: Tensor) -> Tensor:
        """Bring the experts of at most `rows_at_once` tokens: int64 [T, k] -> their slots int64 [T, k].

        From `hidden` the layer that follows may guess what it will need.
        """
        self.settle()
        slot_ids = self.cache.place(expert_ids)
        if self._fetches is not None:
            self._fetches.start(hidden)
        return slot_ids

    def settle(self) -> None:
        """Whatever was under way into the slots is there before what is asked for from now on."""
        self._stream.settle()
        if self._fetched is not None:
            self._fetched.join()

    def _through_slots(self, hidden: Tensor, expert_ids: Tensor, weights: Tensor) -> Tensor:
        return self._selected(hidden, self.place(expert_ids, hidden), weights, self.slots)

    def _streamed(self, hidden: Tensor, expert_ids: Tensor, weights: Tensor) -> Tensor:
        if self._fetched is not None:
            self._fetched.join()
        whole_layer = self._stream.take(self._layer)
        out = torch.empty_like(hidden)
        for start in range(0, len(hidden), PIECE_TOKENS):
            rows = slice(start, start + PIECE_TOKENS)
            out[rows] = self._grouped(hidden[rows], expert_ids[rows], weights[rows], whole_layer)
        self._stream.release(self._layer)
        self.cache.state.observe(expert_ids)
        return out
