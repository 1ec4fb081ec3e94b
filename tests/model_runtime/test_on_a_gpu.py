"""On a real GPU: the recorded step equals the network, and the grouped product the loop. Run with TRITON_INTERPRET=0.

Deselected unless `-m gpu` asks for them.
"""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from model_runtime.cache import CacheKind, KeyValueCache
from model_runtime.checkpoint import Quantize
from model_runtime.config import parse_config
from model_runtime.decoding import Decoder
from model_runtime.expert_stack import multiply_stack_plainly
from model_runtime.gpu_kernels import grouped_product, multiply_selected
from model_runtime.loader import Placement
from model_runtime.resident_experts import ResidentExperts
from model_runtime.synthetic import synthetic_model
from tests.model_runtime.tiny_checkpoint import tiny_config

pytestmark = pytest.mark.gpu


def error(found: Tensor, expected: Tensor) -> float:
    return float((found.float() - expected.float()).norm() / expected.float().norm())


@pytest.mark.parametrize("quantize", list(Quantize))
@pytest.mark.parametrize("kind", [CacheKind.BF16, CacheKind.INT8])
def test_the_recorded_step_equals_the_network_over_moves_of_the_cache(quantize: Quantize, kind: CacheKind) -> None:
    device = torch.device("cuda")
    config = parse_config(tiny_config(head_dim=64, max_position_embeddings=2048))
    model = synthetic_model(config, Placement(quantize=quantize, dtype=torch.bfloat16, device=device))
    caches = [KeyValueCache(config, kind, device=device, dtype=torch.bfloat16) for _ in range(2)]
    prompt = torch.randint(config.vocab_size, (1020,), device=device)
    decoder = Decoder(model, caches[1])
    assert decoder.most_tokens == 8, "the kernels could not be used; the log says why"
    for cache in caches:
        model.network.read(prompt, cache)
    for count in (1, 3, 8, 1, 5):  # over the end of the first block
        tokens = torch.randint(config.vocab_size, (count,))
        expected = model.network.logits(model.network.read(tokens.to(device), caches[0]))
        assert error(decoder.logits(tokens.tolist()), expected) < 0.03


@pytest.mark.parametrize("tokens", [1, 4, 40])
def test_the_ways_to_compute_experts_agree(tokens: int) -> None:
    device = torch.device("cuda")
    config = parse_config(tiny_config())
    model = synthetic_model(config, Placement(quantize=Quantize.EXPERTS, dtype=torch.bfloat16, device=device))
    assert model.held is not None
    experts = model.held.experts(1)
    assert isinstance(experts, ResidentExperts)
    hidden = torch.randn(tokens, config.hidden_size, device=device).bfloat16()
    weights, ids = torch.rand(tokens, config.num_experts, device=device).topk(config.num_experts_per_tok)
    expected = multiply_stack_plainly(hidden, ids, weights, experts.slots)
    assert error(grouped_product(device)(hidden, ids, weights, experts.slots), expected) < 0.01
    if tokens <= 8:
        assert error(multiply_selected(hidden, ids, weights, experts.slots), expected) < 0.01
