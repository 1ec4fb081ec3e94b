"""How experts in host memory share a card: slots of each layer, and the room through which prefill streams layers.

All slots are one arena. While a long prompt is read the slots lie idle, so whole layers pass through the arena's
first slots, two at a time where there is room for two; the layers that own those slots begin again empty.
"""

from __future__ import annotations

from dataclasses import dataclass

from model_runtime.slot_cache import state_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Offload:
    """L mixture layers of E experts, `slots` of each on the card, and how many tokens a pass over a prompt reads."""

    layers: int
    experts: int
    slots: int
    chunk_tokens: int

    @property
    def arena_slots(self) -> int:
        """All slots on the card; a whole layer must pass through them."""
        return max(self.layers * self.slots, self.experts)

    @property
    def streaming_buffers(self) -> int:
        """How many whole layers the arena holds at a time: with two, one is copied while the other computes."""
        return min(2, self.arena_slots // self.experts)

    @property
    def bookkeeping_bytes(self) -> int:
        """On the card: who lies in the slots, how often experts were used, what is to be copied."""
        return self.layers * state_bytes(self.slots, self.experts)

    def slots_bytes(self, expert_bytes: int) -> int:
        """On the card: the arena."""
        return self.arena_slots * expert_bytes
