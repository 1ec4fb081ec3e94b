"""The cache gives the same logits as one pass, whatever is reused, and grows and shrinks by blocks."""

from __future__ import annotations

import pytest
import torch

from model_runtime.cache import BLOCK_TOKENS, CacheKind, KeyValueCache, cache_bytes_per_token
from model_runtime.config import ModelConfig, parse_config
from model_runtime.errors import ContextTooLongError
from model_runtime.model import Network
from tests.model_runtime.plain_weights import exact_cache, plain_network
from tests.model_runtime.tiny_checkpoint import tiny_config, tiny_tensors

TOKENS = torch.randint(0, 640, (90,), generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def config() -> ModelConfig:
    return parse_config(tiny_config())


@pytest.fixture(scope="module")
def network(config: ModelConfig) -> Network:
    return plain_network(config, tiny_tensors(tiny_config()))


def test_a_prefix_shared_with_another_text_is_reused_exactly(network: Network, config: ModelConfig) -> None:
    edited = TOKENS.clone()
    edited[50] = (edited[50] + 1) % 640
    cache = exact_cache(config)
    network.read(TOKENS, cache)
    shared = cache.shared_prefix(edited.tolist())
    assert shared == 50
    cache.truncate(shared)
    reused = network.logits(network.read(edited[shared:], cache))
    fresh = network.logits(network.read(edited, exact_cache(config)))
    assert torch.allclose(reused, fresh[shared:], atol=1e-4)
    assert cache.tokens.tolist() == edited.tolist()


@pytest.mark.parametrize(("kind", "largest_error"), [(CacheKind.BF16, 2**-8), (CacheKind.INT8, 0.5 / 127)])
def test_a_narrow_cache_rounds_and_no_more(config: ModelConfig, kind: CacheKind, largest_error: float) -> None:
    cache = KeyValueCache(config, kind, device=torch.device("cpu"), dtype=torch.float32)
    written = torch.randn(2, 30, 2, 32, generator=torch.Generator().manual_seed(2)) * torch.tensor([[1.0], [100.0]])
    cache.reserve(30)
    for layer in range(3):
        read = torch.stack(cache.write(layer, *written)).transpose(1, 2)
        largest_of_head = written.abs().amax(dim=-1, keepdim=True)
        assert ((read - written).abs() <= largest_error * 1.001 * largest_of_head).all()
        assert not torch.equal(read, written)


def test_zeros_stay_zeros_in_8_bits(config: ModelConfig) -> None:
    cache = KeyValueCache(config, CacheKind.INT8, device=torch.device("cpu"), dtype=torch.float32)
    cache.reserve(3)
    keys, values = cache.write(0, torch.zeros(3, 2, 32), torch.zeros(3, 2, 32))
    assert not keys.any()
    assert not values.any()


@pytest.mark.parametrize("kind", list(CacheKind))
def test_memory_grows_by_blocks_and_is_given_back(network: Network, config: ModelConfig, kind: CacheKind) -> None:
    cache = KeyValueCache(config, kind, device=network.device, dtype=network.dtype)
    assert cache.bytes == 0
    network.read(TOKENS, cache)
    a_block = BLOCK_TOKENS * cache_bytes_per_token(config, kind)
    assert cache.bytes == a_block
    cache.reserve(BLOCK_TOKENS + 1)
    assert cache.bytes == 2 * a_block
    cache.release()
    assert cache.bytes == a_block
    cache.truncate(0)
    cache.release()
    assert cache.bytes == 0


def test_growing_keeps_what_was_read(network: Network, config: ModelConfig) -> None:
    grown, roomy = exact_cache(config), exact_cache(config)
    roomy.reserve(4000)
    for cache in (grown, roomy):
        network.read(TOKENS, cache)
    grown.reserve(3000)
    after = [network.logits(network.read(TOKENS[:5], cache)) for cache in (grown, roomy)]
    assert torch.equal(after[0], after[1])


def test_more_than_the_context_is_refused_with_the_numbers(config: ModelConfig) -> None:
    with pytest.raises(ContextTooLongError, match=r"5,000 of 4,096"):
        exact_cache(config).reserve(5000)


def test_a_reading_that_fails_leaves_the_cache_as_it_was(network: Network, config: ModelConfig) -> None:
    cache = exact_cache(config)
    before = network.logits(network.read(TOKENS[:40], cache))
    calls = iter(range(2))

    def fail_in_the_third_layer() -> None:
        next(calls, None) is not None or pytest.fail("stopped", pytrace=False)

    with pytest.raises(pytest.fail.Exception):
        network.read(TOKENS[40:], cache, before_layer=fail_in_the_third_layer)
    assert cache.length == 40
    after = network.logits(network.read(TOKENS[40:], cache))
    whole = network.logits(network.read(TOKENS, exact_cache(config)))
    assert torch.allclose(torch.cat((before, after)), whole, atol=1e-4)
