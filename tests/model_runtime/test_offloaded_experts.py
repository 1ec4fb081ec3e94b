"""A network whose experts wait in host memory answers as one that has them all at hand, bit for bit."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from model_runtime import offloaded_experts
from model_runtime.cache import CacheKind
from model_runtime.chat import Chat
from model_runtime.engine import Engine
from model_runtime.events import Progress, Request
from model_runtime.offloaded_experts import OffloadedExperts
from model_runtime.sampling import SamplingSettings
from tests.model_runtime.offloaded_network import (
    CHOSEN,
    EXPERTS,
    LAYERS,
    network_at_hand,
    offloaded_model,
    read,
    write_offloaded_checkpoint,
)
from tests.model_runtime.plain_weights import exact_cache
from tests.model_runtime.slow_copies import SlowCopies
from tests.model_runtime.tiny_checkpoint import tiny_tokenizer

# A prompt in two chunks, tokens one by one, drafts of 2 and 3, a short follow-up, a chunk again, tokens again.
CONVERSATION = [40, 25, 1, 1, 1, 2, 3, 1, 1, 3, 9, 1, 1, 33, 1, 1, 2, 1]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_offloaded_checkpoint(tmp_path_factory.mktemp("offloaded") / "model")


def offloaded_of(model_offloaded: OffloadedExperts | None) -> OffloadedExperts:
    assert model_offloaded is not None
    return model_offloaded


@pytest.mark.parametrize("prefetches", [False, True])
@pytest.mark.parametrize("slots", [CHOSEN, 6, 9, 15])
def test_a_conversation_through_slots_equals_one_with_all_experts(
    checkpoint: Path, slots: int, prefetches: bool
) -> None:
    model = offloaded_model(checkpoint, slots, prefetches=prefetches)
    expected = read(network_at_hand(checkpoint), CONVERSATION)
    assert torch.equal(read(model.network, CONVERSATION), expected)
    counters = offloaded_of(model.offloaded).read_counters()
    assert len(counters) == LAYERS
    assert all(counted.missed > 0 for counted in counters)
    assert all((counted.prefetched > 0) == (prefetches and layer > 0) for layer, counted in enumerate(counters))


def test_in_bf16_too(checkpoint: Path) -> None:
    found = read(offloaded_model(checkpoint, 7, dtype=torch.bfloat16).network, CONVERSATION)
    assert torch.equal(found, read(network_at_hand(checkpoint, torch.bfloat16), CONVERSATION))


def test_a_second_conversation_in_the_same_slots_is_unharmed_by_the_first(checkpoint: Path) -> None:
    network = offloaded_model(checkpoint, 6).network
    expected = read(network_at_hand(checkpoint), CONVERSATION[::-1])
    read(network, CONVERSATION)
    assert torch.equal(read(network, CONVERSATION[::-1]), expected)


def test_copies_that_take_their_time_change_nothing(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offloaded_experts, "DirectCopies", SlowCopies)
    for slots in (6, 9):
        found = read(offloaded_model(checkpoint, slots).network, CONVERSATION)
        assert torch.equal(found, read(network_at_hand(checkpoint), CONVERSATION))


def test_a_prompt_that_was_given_up_between_layers_spoils_nothing(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lanes: list[SlowCopies] = []

    def lane() -> SlowCopies:
        lanes.append(SlowCopies())
        return lanes[-1]

    monkeypatch.setattr(offloaded_experts, "DirectCopies", lane)
    network = offloaded_model(checkpoint, 9).network
    layers_begun = []

    def give_up() -> None:
        layers_begun.append(1)
        if len(layers_begun) == 3:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        network.read(torch.arange(30), exact_cache(network.config), before_layer=give_up)
    cache, expected_cache = exact_cache(network.config), exact_cache(network.config)
    expected = network_at_hand(checkpoint)
    for token in (5, 5, 6, 5, 5):
        ids = torch.tensor([token])
        assert torch.equal(network.read(ids, cache), expected.read(ids, expected_cache))
        lanes[0].land()  # a copy that was under way when the prompt was given up


def test_slots_that_hold_all_that_is_asked_for_miss_nothing_more(checkpoint: Path) -> None:
    model = offloaded_model(checkpoint, EXPERTS - 1)
    read(model.network, [1] * 30)
    before = [counted.missed for counted in offloaded_of(model.offloaded).read_counters()]
    read(model.network, [1] * 12)
    after = offloaded_of(model.offloaded).read_counters()
    assert sum(counted.missed for counted in after) - sum(before) < LAYERS * 12
    assert all(counted.hit_rate > 0.5 for counted in after)


@pytest.mark.parametrize("slots", [6, 9])
def test_the_layers_through_whose_slots_a_prompt_went_begin_empty_the_others_do_not(
    checkpoint: Path, slots: int
) -> None:
    model = offloaded_model(checkpoint, slots)
    read(model.network, [1, 1, 1])
    read(model.network, [EXPERTS])
    offloaded = offloaded_of(model.offloaded)
    lent_slots = min(2, LAYERS * slots // EXPERTS) * EXPERTS
    for number, layer in enumerate(offloaded.layers):
        assert bool((layer.cache.state.expert >= 0).any()) == (number * slots >= lent_slots)
        assert layer.cache.state.frequency.any()


def test_an_engine_reads_the_prompt_in_the_chunks_of_the_plan(checkpoint: Path) -> None:
    model = offloaded_model(checkpoint, 6)
    engine = Engine(model, Chat(tiny_tokenizer(), frozenset()), kv_cache=CacheKind.FLOAT32)
    request = Request(
        prompt_tokens=tuple(range(7, 107)), max_tokens=2, sampling=SamplingSettings(temperature=0, repetition_penalty=1)
    )
    events = [event for event in engine.generate(request) if isinstance(event, Progress)]
    assert [event.tokens_done for event in events] == [0, 32, 64, 96, 100]
