"""The decode step by kernels gives the logits and the cache that the plain network gives, step after step."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from model_runtime.cache import CacheKind, KeyValueCache
from model_runtime.checkpoint import Quantize
from model_runtime.decode_step import DecodeStep
from model_runtime.model import Network
from tests.model_runtime.kernels.step_weights import tiny_step_weights

SMALL = {"vocab_size": 64, "num_hidden_layers": 2, "num_experts": 8, "num_experts_per_tok": 2, "intermediate_size": 64}


def error(found: Tensor, expected: Tensor) -> float:
    return float((found.float() - expected.float()).norm() / expected.float().norm())


@pytest.mark.parametrize(
    ("quantize", "kind", "changes"),
    [
        (Quantize.EXPERTS, CacheKind.BF16, {}),
        (Quantize.LINEARS, CacheKind.INT8, {}),
        (Quantize.LINEARS, CacheKind.BF16, {"max_position_embeddings": 32, "num_shared_experts": None}),  # YaRN
        (Quantize.EXPERTS, CacheKind.INT8, {"use_qk_norm": False, "moe_router_enable_expert_bias": False}),
    ],
)
def test_logits_and_cache_equal_those_of_the_network(
    quantize: Quantize, kind: CacheKind, changes: dict[str, object]
) -> None:
    config, weights = tiny_step_weights(quantize, {**SMALL, **changes})
    network = Network(config, weights)
    step = DecodeStep(config, weights, attention_splits=2)
    cpu = torch.device("cpu")
    plain, fast = (KeyValueCache(config, kind, device=cpu, dtype=torch.bfloat16) for _ in range(2))
    source = torch.Generator().manual_seed(3)
    prompt = torch.randint(config.vocab_size, (40,), generator=source)
    for cache in (plain, fast):
        network.read(prompt, cache)
    for count in (1, 3, 1):
        tokens = torch.randint(config.vocab_size, (count,), generator=source)
        expected = network.logits(network.read(tokens, plain))
        fast.reserve(fast.length + count)
        step.send(tokens.tolist(), fast.length)
        found = step.run(count, fast)
        fast.advance(tokens)
        assert error(found, expected) < 0.03
    ours, theirs = (cache.raw_block(40, 45) for cache in (fast, plain))
    assert error(ours["numbers"], theirs["numbers"]) < 0.02
