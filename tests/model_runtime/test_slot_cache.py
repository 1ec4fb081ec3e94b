"""A slot cache never gives away what a step needs, keeps what its policy says, and counts what it did."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from model_runtime.expert_stack import ExpertStack, empty_stack
from model_runtime.slot_cache import (
    LARGEST_FREQUENCY,
    PlainSlotOperations,
    SlotCache,
    SlotPolicy,
    SlotState,
    state_bytes,
)
from tests.model_runtime.expert_stacks import random_stack

EXPERTS = 16


def cache(slots: int, policy: SlotPolicy) -> SlotCache:
    host = random_stack(EXPERTS)
    empty = empty_stack(slots, 64, 64, lambda shape, dtype: torch.zeros(shape, dtype=dtype))
    return SlotCache(host, empty, policy=policy, operations=PlainSlotOperations())


def step(cache: SlotCache, *experts: int) -> list[int]:
    return cache.place(torch.tensor([experts])).flatten().tolist()


def resident(cache: SlotCache) -> set[int]:
    return set(cache.state.expert.tolist()) - {-1}


def lies(stack: ExpertStack, index: int) -> list[Tensor]:
    return [tensor[index] for tensor in stack.tensors]


@pytest.mark.parametrize("policy", list(SlotPolicy))
@pytest.mark.parametrize("slots", [4, 5, 11, 16])
def test_after_every_step_its_experts_lie_in_their_slots_whole(policy: SlotPolicy, slots: int) -> None:
    source = torch.Generator().manual_seed(slots)
    tried = cache(slots, policy)
    for length in (1, 4, 2, 4, 4, 3, 4, 1, 4, 4):
        ids = torch.randint(EXPERTS, (1, length), generator=source)
        places = tried.place(ids)
        for expert, slot in zip(ids.flatten().tolist(), places.flatten().tolist(), strict=True):
            pairs = zip(lies(tried.slots, slot), lies(tried.host, expert), strict=True)
            assert all(torch.equal(found, meant) for found, meant in pairs)
        assert len(resident(tried)) == (tried.state.expert >= 0).sum()  # no expert lies in two slots


def test_rows_that_share_an_expert_share_its_slot_and_its_copy() -> None:
    tried = cache(4, SlotPolicy.LRU)
    places = tried.place(torch.tensor([[3, 5], [5, 3]]))
    assert places[0].tolist() == places[1].flip(0).tolist()
    assert int(tried.state.fill_count) == 2
    counters = tried.state.read_counters()
    assert (counters.looked_up, counters.missed) == (2, 2)


def test_lru_gives_away_the_slot_that_rested_longest() -> None:
    tried = cache(3, SlotPolicy.LRU)
    for experts in ((1,), (2,), (3,), (1,), (4,)):
        step(tried, *experts)
    assert resident(tried) == {1, 3, 4}


def test_frequency_keeps_what_is_used_often_and_forgets_old_habits() -> None:
    tried = cache(3, SlotPolicy.FREQUENCY)
    for experts in ((1,), (1,), (1,), (2,), (3,), (4,), (5,)):
        step(tried, *experts)
    assert 1 in resident(tried)
    for _ in range(300):
        step(tried, 6, 7)
        step(tried, 8, 7)
    assert resident(tried) == {6, 7, 8}


def test_admission_keeps_rare_experts_out_of_the_slots_of_frequent_ones() -> None:
    tried = cache(5, SlotPolicy.ADMISSION)
    for _ in range(4):
        step(tried, 1, 2)
        step(tried, 3, 4)
    for rare in (10, 11, 12, 13, 14):
        step(tried, rare)
        assert resident(tried) == {1, 2, 3, 4, rare}  # one slot is the scratch room that the rare ones share


def test_an_expert_on_trial_that_is_used_more_than_another_stays() -> None:
    tried = cache(3, SlotPolicy.ADMISSION)
    for experts in ((1,), (1,), (2,), (2,), (3,), (3,)):
        step(tried, *experts)
    step(tried, 9)  # declined: on trial in the slot of 1, the oldest
    assert tried.state.on_trial.sum() == 1
    for _ in range(2):
        step(tried, 9)
    assert tried.state.on_trial.sum() == 0
    step(tried, 10)
    assert 9 in resident(tried)


def test_as_many_experts_as_slots_may_be_used_at_once_and_no_more() -> None:
    for policy in SlotPolicy:
        tried = cache(4, policy)
        assert sorted(step(tried, 1, 2, 3, 4)) == [0, 1, 2, 3]
        assert sorted(step(tried, 9, 4, 3, 8)) == [0, 1, 2, 3]
        with pytest.raises(AssertionError, match="more ids than slots"):
            step(tried, 1, 2, 3, 4, 5)


def test_a_fetch_ahead_makes_the_next_step_a_hit_but_is_no_use() -> None:
    tried = cache(4, SlotPolicy.ADMISSION)
    tried.prefetch(torch.tensor([[7, 9]]))
    assert not tried.state.frequency.any()
    step(tried, 7, 9)
    counters = tried.state.read_counters()
    assert (counters.looked_up, counters.missed, counters.prefetched) == (2, 0, 2)
    assert counters.hit_rate == 1
    assert counters.copied == 2


@pytest.mark.parametrize("tokens", [1, 40, 1000])
def test_what_a_prompt_used_counts_as_if_it_had_gone_through_the_slots(tokens: int) -> None:
    observed, stepped = (cache(4, SlotPolicy.FREQUENCY) for _ in range(2))
    for tried in (observed, stepped):
        for _ in range(100):
            step(tried, 9, 3)
    ids = torch.tensor([[1, 2 + number % 3] for number in range(tokens)])
    observed.state.observe(ids)
    for row in ids.tolist():
        step(stepped, *row)
    torch.testing.assert_close(
        observed.state.frequency.double(), stepped.state.frequency.double(), rtol=0.03, atol=0.01 * LARGEST_FREQUENCY
    )


def test_a_frequency_stays_within_its_bound() -> None:
    tried = cache(2, SlotPolicy.FREQUENCY)
    tried.state.observe(torch.tensor([[5, 6]]))
    for _ in range(50):
        step(tried, 5, 6)
    assert tried.state.frequency.max() <= LARGEST_FREQUENCY < 2**31


def test_forgotten_slots_are_filled_again() -> None:
    tried = cache(4, SlotPolicy.ADMISSION)
    step(tried, 1, 2)
    tried.state.forget_slots()
    for tensor in tried.slots.tensors:
        tensor.zero_()
    (slot,) = step(tried, 2)
    assert torch.equal(tried.slots.up.packed[slot], tried.host.up.packed[2])


@pytest.mark.parametrize(("slots", "experts"), [(1, 1), (7, 16), (82, 256)])
def test_the_state_takes_the_bytes_that_are_said(slots: int, experts: int) -> None:
    assert SlotState.empty(slots, experts, torch.device("cpu")).byte_count == state_bytes(slots, experts)
