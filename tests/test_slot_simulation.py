"""The simulated traces share what they say, and the runtime's policy is the one that the simulation chose."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest

from benchmarks.slot_cache import RESULTS, setups, simulate, token_bytes
from benchmarks.slot_traces import CHOSEN, EXPERTS, Trace, tokens_of
from model_runtime.offloaded_experts import DEFAULT_POLICY
from model_runtime.slot_cache import SlotCounters, SlotPolicy


@pytest.mark.parametrize(("trace", "least"), [(Trace.UNIFORM, 0), (Trace.HALF, 4), (Trace.THREE_QUARTERS, 6)])
def test_a_trace_shares_with_the_token_before_what_its_name_says(trace: Trace, least: int) -> None:
    tokens = list(tokens_of(trace, 300, seed=1))
    assert all(len(set(ids.tolist())) == CHOSEN for ids in tokens)
    assert 0 <= min(ids.min() for ids in tokens) < max(ids.max() for ids in tokens) < EXPERTS
    shared = [len(set(first.tolist()) & set(second.tolist())) for first, second in pairwise(tokens)]
    assert min(shared) == least
    assert np.mean(shared) < least + 1


def test_uniform_choices_hit_as_often_as_there_are_slots() -> None:
    assert simulate(DEFAULT_POLICY, 128, Trace.UNIFORM, 400).hit_rate == pytest.approx(0.5, abs=0.05)
    assert simulate(SlotPolicy.LRU, 64, Trace.THREE_QUARTERS, 400).hit_rate > 0.75


def test_bytes_are_those_of_the_experts_that_were_copied() -> None:
    counters = SlotCounters(looked_up=80, missed=20, prefetched=0)
    assert token_bytes(counters, 10) == 2 * 31 * 3 * 4096 * 1024 // 64 * 34


def test_the_kept_result_is_of_this_plan_and_chose_this_policy() -> None:
    kept = json.loads(RESULTS.read_text())
    assert kept["default_policy"] == DEFAULT_POLICY.name.lower()
    assert [(card["card_gib"], card["context"], card["slots"]) for card in kept["cards"]] == [
        (setup.card_gib, setup.context, setup.slots) for setup in setups()
    ]
    for card in kept["cards"]:
        for trace in Trace:
            rates = {row["policy"]: row["hit_rate"] for row in card["simulated"] if row["trace"] == trace}
            assert rates[DEFAULT_POLICY.name.lower()] > max(rates.values()) - 0.02
