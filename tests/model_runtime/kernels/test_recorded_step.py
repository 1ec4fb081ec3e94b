"""What is done around a recorded step: filling up to a recorded width, recording again when the cache has moved.

Recording itself needs a GPU; here a replay runs the step in the interpreter.
"""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from model_runtime.cache import CacheKind, KeyValueCache
from model_runtime.checkpoint import Quantize
from model_runtime.config import ModelConfig
from model_runtime.decode_step import DecodeStep
from model_runtime.grouped_experts import GroupedProduct
from model_runtime.held_weights import HeldWeights
from model_runtime.model import Network
from model_runtime.resident_experts import ResidentExperts
from tests.model_runtime.kernels.interpreted_step import InterpretedStep
from tests.model_runtime.kernels.step_weights import tiny_step_weights

SMALL: dict[str, object] = {
    "vocab_size": 64,
    "num_hidden_layers": 2,
    "num_experts": 8,
    "num_experts_per_tok": 2,
    "intermediate_size": 64,
}


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> tuple[ModelConfig, HeldWeights, KeyValueCache, InterpretedStep]:
    monkeypatch.setattr(torch.cuda, "graph_pool_handle", lambda: None)
    config, weights = tiny_step_weights(Quantize.EXPERTS, SMALL)
    cache = KeyValueCache(config, CacheKind.BF16, device=torch.device("cpu"), dtype=torch.bfloat16)
    return config, weights, cache, InterpretedStep(DecodeStep(config, weights, attention_splits=2), cache)


def error(found: Tensor, expected: Tensor) -> float:
    return float((found - expected).norm() / expected.norm())


def test_three_tokens_are_filled_up_to_four_and_three_are_kept(
    recorded: tuple[ModelConfig, HeldWeights, KeyValueCache, InterpretedStep],
) -> None:
    config, weights, cache, step = recorded
    network, plain = (
        Network(config, weights),
        KeyValueCache(config, CacheKind.BF16, device=torch.device("cpu"), dtype=torch.bfloat16),
    )
    for tokens in ([5], [1, 2, 3], [9]):
        expected = network.logits(network.read(torch.tensor(tokens), plain))
        found = step.logits(tokens)
        assert found.shape == expected.shape
        assert error(found, expected) < 0.03
    assert cache.tokens.tolist() == [5, 1, 2, 3, 9]
    assert step.recorded == [1, 4]


def test_slots_for_a_few_tokens_only_bound_the_step(
    recorded: tuple[ModelConfig, HeldWeights, KeyValueCache, InterpretedStep],
) -> None:
    config, weights, cache, step = recorded
    assert step.most_tokens == 8
    experts = weights.experts(1)
    assert isinstance(experts, ResidentExperts)
    few = ResidentExperts(experts.slots.part(0, 7), grouped=GroupedProduct())  # two experts a token: slots for three
    weights._experts[1] = few
    bounded = InterpretedStep(DecodeStep(config, weights), cache)
    assert bounded.most_tokens == 3
    assert bounded._widths == [1, 2, 3]


def test_it_is_recorded_again_when_the_cache_has_moved_and_exactly_at_the_end_of_the_context(
    recorded: tuple[ModelConfig, HeldWeights, KeyValueCache, InterpretedStep],
) -> None:
    config, weights, cache, step = recorded
    step.logits([5])
    cache.truncate(0)
    cache.release()  # its memory is given back, so the next token needs new memory
    step.logits([5])
    assert step.recorded == [1, 1]
    cache.truncate(0)
    Network(config, weights).read(torch.zeros(125, dtype=torch.int64), cache)
    assert step.logits([1, 2, 3]).shape[0] == 3
    assert cache.length == cache.context_tokens == 128
    assert step.recorded == [1, 1, 3]
