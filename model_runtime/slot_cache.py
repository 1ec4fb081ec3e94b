"""Which experts of a layer lie in its slots on the card: a cache whose whole state is on the device.

A layer has E experts in host memory and S slots on the card. A step brings the ids that the router chose; `resolve`
says in which slot each lies and notes what has to be copied into which slot, `fill` copies it. Nothing here waits for
the host, so both can be part of a CUDA graph. The functions in this file are the plain versions, on the host; those
of `kernels.slot_cache` must leave the same state, bit for bit.

A slot that this step uses is never given away, hence a step may name at most S ids. Who has to go:

- LRU: the slot that was not used for the longest time.
- FREQUENCY: the slot whose expert was used least, lately: uses count less the longer ago they are.
- ADMISSION: the least recently used slot, but only for an expert that has lately been used more than the one that
  lies there. An expert that is declined needs room all the same: it gets a slot on trial. Slots on trial are the
  scratch room; they are made of the least frequently used slots when a step first needs them, handed from one
  declined expert to the next, and given back when an expert in one is used again and then passes the same comparison.
  So scratch room is never more than one step's declined experts, and nothing where nothing is declined.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from model_runtime.expert_stack import ExpertStack

# A use is 2^16; each step takes 1/128 off, so that half of it is gone after 89 steps: longer serves a popularity that
# stays (hit rate .698 for .693), shorter one that changes (.657 for .628; both at 57 of 256 slots). Whole numbers,
# because a compiler may contract a product and a sum of floats, and then two devices would choose differently.
USE = 1 << 16
DECAY_SHIFT = 7
LARGEST_FREQUENCY = USE << DECAY_SHIFT  # of an expert that every step uses
NEVER = np.iinfo(np.int32).max


class SlotPolicy(IntEnum):
    """Who has to go. A number, because the kernel is compiled for it."""

    LRU = 0
    FREQUENCY = 1
    ADMISSION = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotCounters:
    """What a cache has done since it was made, summed over steps. `looked_up` counts an expert once a step."""

    looked_up: int
    missed: int
    prefetched: int

    @property
    def hit_rate(self) -> float:
        """The share of the experts of a step that were in their slots when the step asked."""
        return 1 - self.missed / self.looked_up if self.looked_up else 0.0

    @property
    def copied(self) -> int:
        """Experts copied to the card, prefetched ones included."""
        return self.missed + self.prefetched


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotState:
    """The cache of one layer, all of it on one device. S slots, E experts; a step names N <= S ids."""

    expert: Tensor  # int32 [S]: in the slot; -1 for none
    used_at: Tensor  # int32 [S]: the step that used it last; 0 for none
    on_trial: Tensor  # int32 [S]: 1 for a slot on trial
    frequency: Tensor  # int32 [E]: uses, each decayed by the steps since, in units of 1 / USE
    step: Tensor  # int32 [1]: how many there were
    slot_ids: Tensor  # int64 [S]: of the step's ids; its first N count
    fill_expert: Tensor  # int32 [S]: to be copied ...
    fill_slot: Tensor  # int32 [S]: ... into which slot
    fill_count: Tensor  # int32 [1]: how many of these count
    counters: Tensor  # int64 [3]: the fields of SlotCounters

    @classmethod
    def empty(cls, slots: int, experts: int, device: torch.device) -> SlotState:
        """Nothing lies in the slots."""

        def zeros(count: int, dtype: torch.dtype = torch.int32) -> Tensor:
            return torch.zeros(count, dtype=dtype, device=device)

        return cls(
            expert=zeros(slots) - 1,
            used_at=zeros(slots),
            on_trial=zeros(slots),
            frequency=zeros(experts),
            step=zeros(1),
            slot_ids=zeros(slots, torch.int64),
            fill_expert=zeros(slots),
            fill_slot=zeros(slots),
            fill_count=zeros(1),
            counters=zeros(3, torch.int64),
        )

    @property
    def byte_count(self) -> int:
        """What it occupies."""
        return sum(tensor.nbytes for tensor in (getattr(self, name) for name in _TENSORS))

    def forget_slots(self) -> None:
        """What lies in the slots is no longer what it was; how often experts were used stays known."""
        self.expert.fill_(-1)
        self.used_at.zero_()
        self.on_trial.zero_()

    def observe(self, expert_ids: Tensor) -> None:
        """Count int64 ids [T, k] of tokens that did not go through the slots, as if each had been a step.

        In one go: an expert that every step uses with the same rate ends at that rate times the largest frequency.
        """
        tokens = len(expert_ids)
        uses = torch.zeros_like(self.frequency, dtype=torch.int64)
        uses.scatter_add_(0, expert_ids.flatten(), torch.ones_like(expert_ids).flatten())
        end = uses * LARGEST_FREQUENCY // tokens
        share = round((1 - (1 - 2**-DECAY_SHIFT) ** tokens) * USE)  # of the way there, in units of 1 / USE
        self.frequency.add_((end - self.frequency) * share // USE)

    def read_counters(self) -> SlotCounters:
        """Waits for the device: between answers only."""
        looked_up, missed, prefetched = self.counters.tolist()
        return SlotCounters(looked_up=looked_up, missed=missed, prefetched=prefetched)


def state_bytes(slots: int, experts: int) -> int:
    """What `SlotState.empty` allocates."""
    return slots * (5 * 4 + 8) + experts * 4 + 2 * 4 + 3 * 8


_TENSORS = (
    "expert",
    "used_at",
    "on_trial",
    "frequency",
    "step",
    "slot_ids",
    "fill_expert",
    "fill_slot",
    "fill_count",
    "counters",
)


class SlotOperations(Protocol):
    """The two steps of a cache, plain or as kernels."""

    waits_for_host: bool  # then a CUDA graph cannot hold them

    def resolve(self, state: SlotState, expert_ids: Tensor, policy: SlotPolicy, *, ahead: bool) -> None:
        """Put the slots of int64 [N] ids into `state.slot_ids`, and what must be copied into `state.fill_*`.

        `ahead`: the ids are a guess of what the next step will ask; it makes room but does not count as use.
        """
        ...

    def fill(self, state: SlotState, host: ExpertStack, slots: ExpertStack) -> None:
        """Copy what `resolve` noted from the E experts `host` into the S `slots`."""
        ...


class PlainSlotOperations:
    """One expert after the other, decided on the host; on a GPU it waits for the device in every layer."""

    waits_for_host = True

    def resolve(self, state: SlotState, expert_ids: Tensor, policy: SlotPolicy, *, ahead: bool) -> None:
        """As the protocol says."""
        tensors = [getattr(state, name) for name in _TENSORS]
        arrays = [tensor.cpu().numpy() for tensor in tensors]  # views where the state is on the host
        _Step(dict(zip(_TENSORS, arrays, strict=True)), expert_ids.cpu().numpy(), policy, ahead=ahead).run()
        for tensor, array in zip(tensors, arrays, strict=True):
            if tensor.device.type != "cpu":
                tensor.copy_(torch.from_numpy(array))

    def fill(self, state: SlotState, host: ExpertStack, slots: ExpertStack) -> None:
        """As the protocol says. Host memory need not be pinned."""
        count = int(state.fill_count)
        pairs = zip(state.fill_expert[:count].tolist(), state.fill_slot[:count].tolist(), strict=True)
        for expert, slot in pairs:
            for source, target in zip(host.tensors, slots.tensors, strict=True):
                target[slot].copy_(source[expert])


class _Step:
    """One step over the arrays of a state, changed in place."""

    def __init__(self, state: dict[str, np.ndarray], ids: np.ndarray, policy: SlotPolicy, *, ahead: bool) -> None:
        assert len(ids) <= len(state["expert"]), "more ids than slots: the plan must rule this out"
        self._state = state
        self._ids = ids
        self._policy = policy
        self._ahead = ahead
        self._expert = state["expert"]
        self._is_used = np.zeros(len(self._expert), dtype=bool)  # by this step

    def run(self) -> None:
        state = self._state
        distinct = list(dict.fromkeys(self._ids.tolist()))
        if not self._ahead:
            state["step"] += 1
            state["frequency"] -= state["frequency"] >> DECAY_SHIFT
            state["frequency"][distinct] += USE
        slot_of = {expert: slot for slot, expert in enumerate(self._expert.tolist()) if expert >= 0}
        missing = [expert for expert in distinct if expert not in slot_of]
        self._use([slot_of[expert] for expert in distinct if expert in slot_of])
        state["fill_count"][0] = len(missing)
        for place, expert in enumerate(missing):
            slot_of[expert] = self._place(expert)
            state["fill_expert"][place], state["fill_slot"][place] = expert, slot_of[expert]
        state["slot_ids"][: len(self._ids)] = [slot_of[expert] for expert in self._ids.tolist()]
        state["counters"] += (0, 0, len(missing)) if self._ahead else (len(distinct), len(missing), 0)

    def _use(self, slots: list[int]) -> None:
        """Experts that lie in their slots; one on trial stays for good if it is used more than who would go next."""
        self._is_used[slots] = True
        self._state["used_at"][slots] = self._state["step"]
        if self._policy is SlotPolicy.ADMISSION and not self._ahead:
            at_least = self._frequency(self._oldest(on_trial=False))
            passed = [slot for slot in slots if self._frequency(slot) > at_least]
            self._state["on_trial"][passed] = 0

    def _place(self, expert: int) -> int:
        """The slot that the missing expert takes."""
        slot, on_trial = self._choose(expert)
        assert slot is not None
        self._expert[slot] = expert
        self._is_used[slot] = True
        self._state["used_at"][slot] = self._state["step"][0]
        self._state["on_trial"][slot] = on_trial
        return slot

    def _choose(self, expert: int) -> tuple[int | None, bool]:
        """A slot, and whether it is on trial from now on."""
        if self._policy is SlotPolicy.FREQUENCY:
            return self._rarest(), False
        oldest = self._oldest(on_trial=False)
        if self._policy is SlotPolicy.LRU:
            return oldest, False
        on_trial = self._oldest(on_trial=True)
        if oldest is not None and self._state["frequency"][expert] > self._frequency(oldest):
            return oldest, False
        return (self._rarest() if on_trial is None else on_trial), True

    def _oldest(self, *, on_trial: bool) -> int | None:
        """Of the slots that this step does not use."""
        others = self._is_used | (self._state["on_trial"] != on_trial)
        return None if others.all() else int(np.where(others, NEVER, self._state["used_at"]).argmin())

    def _rarest(self) -> int:
        frequencies = np.where(self._expert >= 0, self._state["frequency"][self._expert], -1)
        return int(np.where(self._is_used, NEVER, frequencies).argmin())

    def _frequency(self, slot: int | None) -> int:
        """Of the expert in the slot; -1 where none is."""
        if slot is None or self._expert[slot] < 0:
            return -1
        return int(self._state["frequency"][self._expert[slot]])


class SlotCache:
    """The slots of one layer with the experts that they are filled from."""

    def __init__(
        self,
        host: ExpertStack,
        slots: ExpertStack,
        *,
        policy: SlotPolicy,
        operations: SlotOperations,
    ) -> None:
        self.state = SlotState.empty(len(slots), len(host), slots.gate.packed.device)
        self.host = host
        self.slots = slots
        self._policy = policy
        self._operations = operations

    @property
    def waits_for_host(self) -> bool:
        """Whether a step needs the host, so that no CUDA graph can hold it."""
        return self._operations.waits_for_host

    def place(self, expert_ids: Tensor) -> Tensor:
        """int64 ids [T, k], at most S of them -> the slots where these experts lie from now on, int64 [T, k].

        The result is overwritten by the next step.
        """
        self._operations.resolve(self.state, expert_ids.reshape(-1), self._policy, ahead=False)
        self._operations.fill(self.state, self.host, self.slots)
        return self.state.slot_ids[: expert_ids.numel()].view(expert_ids.shape)

    def prefetch(self, expert_ids: Tensor) -> None:
        """Bring experts that the next step may ask for."""
        self._operations.resolve(self.state, expert_ids.reshape(-1), self._policy, ahead=True)
        self._operations.fill(self.state, self.host, self.slots)
