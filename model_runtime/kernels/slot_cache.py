"""The slot cache's two steps as Triton kernels: one program decides, a few copy from host memory.

`_resolve` runs in one program: its vectors are the S slots, the E experts and the N ids of a step. What it decides is
what `slot_cache.PlainSlotOperations` decides. `_fill` reads the experts where they are, in pinned host memory, which
the card addresses like its own (unified virtual addressing); a fixed number of programs shares the work, so that a
step that misses nothing costs an empty launch.
"""

# mypy: disable-error-code="import-untyped, untyped-decorator, no-untyped-def, no-untyped-call"

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from model_runtime.expert_stack import ExpertStack
from model_runtime.slot_cache import DECAY_SHIFT, NEVER, USE, SlotPolicy, SlotState

# 64 programs of 16 KiB keep 1 MiB under way; a link of 64 GB/s and 2 microseconds holds 128 KiB.
_COPYING_PROGRAMS = 64
_COPIED_WORDS = 4096


class SlotKernels:
    """The `SlotOperations` of a GPU. Host memory must be pinned."""

    waits_for_host = False

    def resolve(self, state: SlotState, expert_ids: Tensor, policy: SlotPolicy, *, ahead: bool) -> None:
        """As the protocol says."""
        slots, ids = len(state.expert), len(expert_ids)
        assert ids <= slots, "more ids than slots: the plan must rule this out"
        ids_block = triton.next_power_of_2(ids)
        _resolve[(1,)](
            expert_ids,
            *(state.expert, state.used_at, state.on_trial, state.frequency, state.step),
            *(state.slot_ids, state.fill_expert, state.fill_slot, state.fill_count, state.counters),
            ids,
            slots,
            len(state.frequency),
            IDS=ids_block,
            SLOTS=triton.next_power_of_2(slots),
            EXPERTS=triton.next_power_of_2(len(state.frequency)),
            POLICY=int(policy),
            AHEAD=ahead,
            USE=USE,
            DECAY_SHIFT=DECAY_SHIFT,
            NEVER=int(NEVER),
            num_warps=resolving_warps(ids_block),
        )

    def fill(self, state: SlotState, host: ExpertStack, slots: ExpertStack) -> None:
        """As the protocol says."""
        sources, targets = ([_words(tensor) for tensor in stack.tensors] for stack in (host, slots))
        _fill[(_COPYING_PROGRAMS,)](
            *(state.fill_expert, state.fill_slot, state.fill_count),
            *sources,
            *targets,
            CODE_WORDS=sources[0].shape[1],
            SCALE_WORDS=sources[3].shape[1],
            BLOCK=_COPIED_WORDS,
            num_warps=4,
        )


def resolving_warps(ids_block: int) -> int:
    """Ids against slots is the largest comparison; with more warps the compiler halves the registers and spills."""
    return 8 if ids_block > 16 else 4


def _words(stack: Tensor) -> Tensor:
    """[N, ...] of any dtype as int32 [N, words]."""
    return stack.reshape(len(stack), -1).view(torch.int32)


@triton.jit
def _first_of(keys, lanes):
    """The smallest key and the first lane that has it."""
    smallest = tl.min(keys, axis=0)
    lane = tl.min(tl.where(keys == smallest, lanes, 1 << 30), axis=0)
    return smallest, lane


@triton.jit
def _at(values, lanes, lane):
    """The value in one lane."""
    return tl.sum(tl.where(lanes == lane, values, 0), axis=0)


@triton.jit
def _resolve(
    expert_ids,
    slot_expert,
    used_at,
    on_trial,
    frequency,
    step,
    slot_ids,
    fill_expert,
    fill_slot,
    fill_count,
    counters,
    count,
    slots,
    experts,
    IDS: tl.constexpr,
    SLOTS: tl.constexpr,
    EXPERTS: tl.constexpr,
    POLICY: tl.constexpr,  # SlotPolicy: 0 LRU, 1 FREQUENCY, 2 ADMISSION
    AHEAD: tl.constexpr,
    USE: tl.constexpr,
    DECAY_SHIFT: tl.constexpr,
    NEVER: tl.constexpr,
):
    slot = tl.arange(0, SLOTS)
    place = tl.arange(0, IDS)
    is_slot, is_id = slot < slots, place < count
    # Padding gets numbers that match nothing: -2 among the ids, -3 among the slots.
    ids = tl.load(expert_ids + place, mask=is_id, other=-2).to(tl.int32)
    inside = tl.load(slot_expert + slot, mask=is_slot, other=-3)
    age = tl.load(used_at + slot, mask=is_slot, other=NEVER)
    trial = tl.load(on_trial + slot, mask=is_slot, other=0)
    now = tl.load(step)

    lies = ids[:, None] == inside[None, :]  # [ids, slots]
    slot_of = tl.max(tl.where(lies, slot[None, :], -1), axis=1)
    used = tl.max(lies.to(tl.int32), axis=0)
    earlier = (ids[:, None] == tl.load(expert_ids + place, mask=is_id, other=-2).to(tl.int32)[None, :]) & (
        place[None, :] < place[:, None]
    )
    is_first = is_id & (tl.max(earlier.to(tl.int32), axis=1) == 0)

    id_frequency = tl.load(frequency + ids, mask=is_id, other=0)
    slot_frequency = tl.load(frequency + inside, mask=is_slot & (inside >= 0), other=-1)
    if not AHEAD:
        now += 1
        expert = tl.arange(0, EXPERTS)
        all_frequency = tl.load(frequency + expert, mask=expert < experts, other=0)
        tl.debug_barrier()  # everyone has read the old numbers
        tl.store(frequency + expert, all_frequency - (all_frequency >> DECAY_SHIFT), mask=expert < experts)
        tl.debug_barrier()  # the decayed ones are there before those of this step's experts replace them
        id_frequency = id_frequency - (id_frequency >> DECAY_SHIFT) + USE
        tl.store(frequency + ids, id_frequency, mask=is_id)
        decayed = slot_frequency - (slot_frequency >> DECAY_SHIFT) + used * USE
        slot_frequency = tl.where(is_slot & (inside >= 0), decayed, -1)
        tl.store(step, now)

    age = tl.where(used == 1, now, age)
    taken = tl.where(is_slot, used, 1)  # by this step; nobody may give these away
    if POLICY == 2 and not AHEAD:
        oldest_age, oldest = _first_of(tl.where((taken == 1) | (trial == 1), NEVER, age), slot)
        at_least = tl.where(oldest_age == NEVER, -1, _at(slot_frequency, slot, oldest))
        trial = tl.where((used == 1) & (slot_frequency > at_least), 0, trial)

    is_missing = is_first & (slot_of < 0)
    missing = tl.sum(is_missing.to(tl.int32), axis=0)
    remaining = tl.where(is_missing, place, IDS)
    for number in range(missing):
        next_place = tl.min(remaining, axis=0)
        remaining = tl.where(place == next_place, IDS, remaining)
        expert_id = _at(ids, place, next_place)
        its_frequency = _at(id_frequency, place, next_place)
        goes_on_trial = 0
        if POLICY == 1:
            _, chosen = _first_of(tl.where(taken == 1, NEVER, slot_frequency), slot)
        else:
            oldest_age, chosen = _first_of(tl.where((taken == 1) | (trial == 1), NEVER, age), slot)
            if POLICY == 2:
                trial_age, oldest_trial = _first_of(tl.where((taken == 1) | (trial == 0), NEVER, age), slot)
                is_admitted = (oldest_age < NEVER) & (its_frequency > _at(slot_frequency, slot, chosen))
                goes_on_trial = tl.where(is_admitted, 0, 1)
                _, rarest = _first_of(tl.where(taken == 1, NEVER, slot_frequency), slot)
                on_trial_slot = tl.where(trial_age == NEVER, rarest, oldest_trial)
                chosen = tl.where(is_admitted, chosen, on_trial_slot)
        is_chosen = slot == chosen
        inside = tl.where(is_chosen, expert_id, inside)
        age = tl.where(is_chosen, now, age)
        trial = tl.where(is_chosen, goes_on_trial, trial)
        taken = tl.where(is_chosen, 1, taken)
        slot_of = tl.where(ids == expert_id, chosen, slot_of)
        tl.store(fill_expert + number, expert_id)
        tl.store(fill_slot + number, chosen)

    tl.store(slot_expert + slot, inside, mask=is_slot)
    tl.store(used_at + slot, age, mask=is_slot)
    tl.store(on_trial + slot, trial, mask=is_slot)
    tl.store(slot_ids + place, slot_of.to(tl.int64), mask=is_id)
    tl.store(fill_count, missing)
    if AHEAD:
        tl.store(counters + 2, tl.load(counters + 2) + missing)
    else:
        tl.store(counters, tl.load(counters) + tl.sum(is_first.to(tl.int32), axis=0))
        tl.store(counters + 1, tl.load(counters + 1) + missing)


@triton.jit
def _copy_part(
    source,
    target,
    fill_expert,
    fill_slot,
    count,
    WORDS: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """int32 [E, WORDS] -> [S, WORDS] for the noted pairs; programs take blocks in turn."""
    blocks: tl.constexpr = (WORDS + BLOCK - 1) // BLOCK
    for item in range(tl.program_id(0), count * blocks, tl.num_programs(0)):
        number = item // blocks
        # 64 bits: a stack holds more than 2^31 bytes.
        expert = tl.load(fill_expert + number).to(tl.int64)
        slot = tl.load(fill_slot + number).to(tl.int64)
        word = (item % blocks) * BLOCK + tl.arange(0, BLOCK)
        values = tl.load(source + expert * WORDS + word, mask=word < WORDS)
        tl.store(target + slot * WORDS + word, values, mask=word < WORDS)


@triton.jit
def _fill(
    fill_expert,
    fill_slot,
    fill_count,
    gate_codes,
    up_codes,
    down_codes,
    gate_scales,
    up_scales,
    down_scales,
    slot_gate_codes,
    slot_up_codes,
    slot_down_codes,
    slot_gate_scales,
    slot_up_scales,
    slot_down_scales,
    CODE_WORDS: tl.constexpr,
    SCALE_WORDS: tl.constexpr,
    BLOCK: tl.constexpr,
):
    count = tl.load(fill_count)
    _copy_part(gate_codes, slot_gate_codes, fill_expert, fill_slot, count, CODE_WORDS, BLOCK)
    _copy_part(up_codes, slot_up_codes, fill_expert, fill_slot, count, CODE_WORDS, BLOCK)
    _copy_part(down_codes, slot_down_codes, fill_expert, fill_slot, count, CODE_WORDS, BLOCK)
    _copy_part(gate_scales, slot_gate_scales, fill_expert, fill_slot, count, SCALE_WORDS, BLOCK)
    _copy_part(up_scales, slot_up_scales, fill_expert, fill_slot, count, SCALE_WORDS, BLOCK)
    _copy_part(down_scales, slot_down_scales, fill_expert, fill_slot, count, SCALE_WORDS, BLOCK)
