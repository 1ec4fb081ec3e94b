"""Layers stream through buffers in order; nobody reads one too early or overwrites one too soon."""

from __future__ import annotations

import pytest
import torch

from model_runtime.expert_stack import ExpertStack
from model_runtime.layer_stream import LayerStream
from tests.model_runtime.expert_stacks import random_stack
from tests.model_runtime.slow_copies import SlowCopies


def stream(buffers: int, passes: list[int]) -> tuple[LayerStream, list[ExpertStack]]:
    hosts = [random_stack(3, seed=seed) for seed in range(5)]
    room = [random_stack(3, seed=9) for _ in range(buffers)]
    return LayerStream(hosts, room, SlowCopies(), lambda: passes.append(1)), hosts


def equal(first: ExpertStack, second: ExpertStack) -> bool:
    return all(torch.equal(a, b) for a, b in zip(first.tensors, second.tensors, strict=True))


@pytest.mark.parametrize("buffers", [1, 2])
def test_every_layer_is_whole_while_it_is_held_pass_after_pass(buffers: int) -> None:
    passes: list[int] = []
    tried, hosts = stream(buffers, passes)
    for number in range(1, 4):
        for layer, host in enumerate(hosts):
            assert equal(tried.take(layer), host)
            tried.release(layer)
        assert len(passes) == number * (1 if buffers == 2 else len(hosts))


@pytest.mark.parametrize("buffers", [1, 2])
def test_a_pass_that_was_given_up_does_not_spoil_the_next(buffers: int) -> None:
    tried, hosts = stream(buffers, [])
    for layer in (0, 1):
        tried.take(layer)
        tried.release(layer)
    tried.settle()
    for layer, host in enumerate(hosts):
        assert equal(tried.take(layer), host)
        tried.release(layer)


def test_a_pass_never_trusts_what_a_failed_one_left() -> None:
    tried, hosts = stream(2, [])
    for tensor in tried.take(0).tensors:  # not released: its computation failed, and others used the memory since
        tensor.zero_()
    assert equal(tried.take(0), hosts[0])


def test_a_layer_out_of_turn_is_fetched_anew() -> None:
    tried, hosts = stream(2, [])
    for layer in (0, 1, 4):
        assert equal(tried.take(layer), hosts[layer])
        tried.release(layer)
