"""The slot cache's kernels, in Triton's interpreter, leave the state that the plain versions leave; they compile."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest
import torch

from model_runtime.expert_stack import ExpertStack, empty_stack
from model_runtime.slot_cache import PlainSlotOperations, SlotPolicy, SlotState
from tests.model_runtime.expert_stacks import random_stack

pytest.importorskip("triton", reason="Triton is not installed")

from model_runtime.kernels.slot_cache import SlotKernels

ROOT = Path(__file__).resolve().parents[3]
CPU = torch.device("cpu")


def trace(kind: str, slots: int, experts: int, steps: int) -> Iterator[list[int]]:
    """Ids of a step: at most as many as slots."""
    source = torch.Generator().manual_seed(slots + steps)

    def some(count: int) -> list[int]:
        return torch.randint(experts, (count,), generator=source).tolist()

    before = some(slots)
    for number in range(steps):
        fresh = some(slots)
        kept = {"uniform": 0, "half": slots // 2, "three quarters": slots * 3 // 4}
        if kind == "all the same":
            ids = [fresh[0]] * slots
        elif kind == "in turn":  # the worst for LRU: what comes next was just given away
            ids = [(number * slots + place) % experts for place in range(slots)]
        elif kind == "any length":
            ids = fresh[: 1 + number % slots]
        else:
            ids = before[: kept[kind]] + fresh[kept[kind] :]
        yield ids
        before = ids


def differing(plain: SlotState, kernel: SlotState, ids: int) -> list[str]:
    """Fields in which the states differ; of what is noted for a step only what counts."""
    count = int(plain.fill_count)
    meant = {"slot_ids": ids, "fill_expert": count, "fill_slot": count}
    names = [field.name for field in fields(SlotState)]
    return [
        name
        for name in names
        if not torch.equal(getattr(plain, name)[: meant.get(name)], getattr(kernel, name)[: meant.get(name)])
    ]


@pytest.mark.parametrize("policy", list(SlotPolicy))
@pytest.mark.parametrize(
    ("kind", "slots", "experts"),
    [
        ("uniform", 5, 11),
        ("half", 8, 24),
        ("three quarters", 8, 24),
        ("all the same", 3, 8),
        ("in turn", 6, 13),
        ("any length", 7, 7),
        ("any length", 1, 4),
    ],
)
def test_the_kernel_decides_as_the_plain_version_does(policy: SlotPolicy, kind: str, slots: int, experts: int) -> None:
    plain, kernel = (SlotState.empty(slots, experts, CPU) for _ in range(2))
    for number, ids in enumerate(trace(kind, slots, experts, steps=12)):
        ahead = number % 4 == 3
        for state, operations in ((plain, PlainSlotOperations()), (kernel, SlotKernels())):
            operations.resolve(state, torch.tensor(ids), policy, ahead=ahead)
        assert differing(plain, kernel, len(ids)) == []


def test_the_cases_above_reach_slots_on_trial() -> None:
    state = SlotState.empty(8, 24, CPU)
    trials = 0
    for ids in trace("half", 8, 24, steps=12):
        PlainSlotOperations().resolve(state, torch.tensor(ids), SlotPolicy.ADMISSION, ahead=False)
        trials += int(state.on_trial.sum())
    assert trials > 0


def poisoned(slots: int, hidden: int) -> ExpertStack:
    """Slots full of what no copy leaves."""
    stack = empty_stack(slots, 64, hidden, lambda shape, dtype: torch.empty(shape, dtype=dtype))
    for tensor in stack.tensors:
        tensor.view(torch.uint8).fill_(0xFF)
    return stack


@pytest.mark.parametrize("hidden", [64, 192, 1088])  # the last is no multiple of what a program copies at a time
@pytest.mark.parametrize("ids", [[3], [5, 2, 5], [0, 6, 3, 1]])
def test_the_copy_fills_the_slots_that_were_noted_and_no_others(hidden: int, ids: list[int]) -> None:
    host, state = random_stack(7, hidden=hidden), SlotState.empty(5, 7, CPU)
    by_kernel, by_hand = poisoned(5, hidden), poisoned(5, hidden)
    PlainSlotOperations().resolve(state, torch.tensor(ids), SlotPolicy.LRU, ahead=False)
    SlotKernels().fill(state, host, by_kernel)
    PlainSlotOperations().fill(state, host, by_hand)
    for found, meant in zip(by_kernel.tensors, by_hand.tensors, strict=True):
        assert torch.equal(found.view(torch.uint8), meant.view(torch.uint8))


def test_a_step_that_misses_nothing_copies_nothing() -> None:
    state, slots = SlotState.empty(3, 7, CPU), poisoned(3, 64)
    for _ in range(2):
        PlainSlotOperations().resolve(state, torch.tensor([1, 2]), SlotPolicy.LRU, ahead=False)
    SlotKernels().fill(state, random_stack(7), slots)
    assert all((tensor.view(torch.uint8) == 0xFF).all() for tensor in slots.tensors)


def test_more_ids_than_slots_are_our_own_mistake() -> None:
    with pytest.raises(AssertionError, match="more ids than slots"):
        SlotKernels().resolve(SlotState.empty(2, 7, CPU), torch.tensor([1, 2, 3]), SlotPolicy.LRU, ahead=False)


def test_the_kernels_compile_for_cards_without_spills() -> None:
    """In a process of its own, since here the interpreter has taken the compiler's place."""
    environment = {name: value for name, value in os.environ.items() if name != "TRITON_INTERPRET"}
    run = subprocess.run(
        [sys.executable, "-m", "tests.model_runtime.kernels.compiled_slot_cache"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    if run.returncode == 3:
        pytest.skip(run.stdout.strip())
    assert run.returncode == 0, run.stderr[-2000:]
    lines = run.stdout.splitlines()
    assert len(lines) == 12
    assert all(line.endswith(" 0 bytes of local memory, 128-bit copies") for line in lines if "fill" in line)
    assert all(line.endswith(" 0 bytes of local memory") for line in lines if "resolve" in line)
