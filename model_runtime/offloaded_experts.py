"""The routed experts of a whole network in host memory, behind the slots of one card."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from model_runtime.cached_experts import CachedExperts
from model_runtime.config import ModelConfig
from model_runtime.expert_stack import (
    ExpertKernel,
    ExpertStack,
    empty_stack,
    multiply_rows_plainly,
    multiply_stack_plainly,
)
from model_runtime.gpu_kernels import slot_operations
from model_runtime.layer_stream import CopyLane, DirectCopies, LayerStream, StreamCopies
from model_runtime.offload import Offload
from model_runtime.pinned_memory import HostMemory
from model_runtime.prefetch import Chooser, Prefetch
from model_runtime.slot_cache import SlotCache, SlotCounters, SlotPolicy

# By benchmarks/slot_cache.py: within .01 of the best on every trace without a habit, ahead wherever there is one.
DEFAULT_POLICY = SlotPolicy.FREQUENCY


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpertComputation:
    """How experts are computed: `selected` for a few rows out of slots, `grouped` for many rows out of a layer."""

    selected: ExpertKernel = multiply_rows_plainly
    grouped: ExpertKernel = multiply_stack_plainly


class OffloadedExperts:
    """Memory for all layers, and what they share: the arena of slots and the way of whole layers through it."""

    def __init__(
        self,
        config: ModelConfig,
        offload: Offload,
        device: torch.device,
        *,
        computation: ExpertComputation,
        policy: SlotPolicy = DEFAULT_POLICY,
    ) -> None:
        self._offload = offload
        self._sizes = (config.moe_intermediate_size, config.hidden_size)
        self._device = device
        self._computation = computation
        self._policy = policy
        self._host_memory = HostMemory(device)
        self._arena = self._empty_arena()
        self._hosts: list[ExpertStack] = []
        self.layers: list[CachedExperts] = []
        experts = offload.experts
        buffers = [self._arena.part(n * experts, experts) for n in range(offload.streaming_buffers)]
        self._stream = LayerStream(self._hosts, buffers, self._lane(len(buffers)), self._empty_lent_slots)
        self._prefetching = _side_stream(device)

    @property
    def chunk_tokens(self) -> int:
        """How many tokens of a prompt a pass should read: as many as the plan has memory for."""
        return self._offload.chunk_tokens

    def host_stack(self) -> ExpertStack:
        """Memory for the experts of one more layer, to be filled and given to `add`."""
        return empty_stack(self._offload.experts, *self._sizes, self._host_memory)

    def add(self, host: ExpertStack, router: Chooser | None = None) -> CachedExperts:
        """The next mixture layer. With a router its experts are fetched ahead while the layer before computes."""
        number, slots = len(self.layers), self._offload.slots
        cache = SlotCache(
            host,
            self._arena.part(number * slots, slots),
            policy=self._policy,
            operations=slot_operations(host, self._device),
        )
        fetched = Prefetch(cache, router, self._prefetching) if router is not None and self.layers else None
        if fetched is not None:
            self.layers[-1].precede(fetched)
        layer = CachedExperts(
            number,
            cache,
            self._stream,
            selected=self._computation.selected,
            grouped=self._computation.grouped,
            fetched=fetched,
        )
        self._hosts.append(host)
        self.layers.append(layer)
        return layer

    def read_counters(self) -> list[SlotCounters]:
        """Of each layer. Waits for the device: between answers only."""
        return [layer.cache.state.read_counters() for layer in self.layers]

    @property
    def device_bytes(self) -> int:
        """What the slots and their bookkeeping occupy on the card."""
        states = sum(layer.cache.state.byte_count for layer in self.layers)
        return self._arena.byte_count + states

    @property
    def host_bytes(self) -> int:
        """What the experts occupy on the host."""
        return sum(host.byte_count for host in self._hosts)

    def _empty_arena(self) -> ExpertStack:
        def memory(shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
            return torch.empty(shape, dtype=dtype, device=self._device)

        return empty_stack(self._offload.arena_slots, *self._sizes, memory)

    def _lane(self, buffers: int) -> CopyLane:
        return StreamCopies(self._device, buffers) if self._device.type == "cuda" else DirectCopies()

    def _empty_lent_slots(self) -> None:
        """The slots through which a pass over a prompt streams whole layers no longer hold what they held."""
        lent = self._offload.streaming_buffers * self._offload.experts
        for number, layer in enumerate(self.layers):
            if number * self._offload.slots < lent:
                layer.cache.state.forget_slots()


def _side_stream(device: torch.device) -> torch.cuda.Stream | None:
    return torch.cuda.Stream(device) if device.type == "cuda" else None  # type: ignore[no-untyped-call]
