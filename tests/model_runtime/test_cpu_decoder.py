"""One token through the compiled program is what the network itself computes."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from model_runtime.cache import CacheKind, KeyValueCache
from model_runtime.checkpoint import Quantize
from model_runtime.config import ModelConfig, parse_config
from model_runtime.cpu_decoder import cpu_decoder
from model_runtime.loader import Placement
from model_runtime.model import Network
from model_runtime.packed_product import has_packed_product
from model_runtime.synthetic import synthetic_model
from tests.model_runtime.tiny_checkpoint import tiny_config

pytestmark = pytest.mark.skipif(not has_packed_product(), reason="the packed product needs a CPU with AVX2")

_STEPS = 12


def small_config(**changes: object) -> ModelConfig:
    sizes: dict[str, object] = {
        "hidden_size": 128,
        "intermediate_size": 192,
        "head_dim": 64,
        "moe_intermediate_size": 64,
        "moe_shared_expert_intermediate_size": 128,
    }
    return parse_config(tiny_config(**{**sizes, **changes}))


def small_network(config: ModelConfig, quantize: Quantize = Quantize.LINEARS) -> Network:
    placement = Placement(quantize=quantize, dtype=torch.bfloat16, device=torch.device("cpu"))
    return synthetic_model(config, placement).network


def empty_cache(network: Network, kind: CacheKind = CacheKind.BF16) -> KeyValueCache:
    return KeyValueCache(network.config, kind, device=network.device, dtype=network.dtype)


def read_on(network: Network, cache: KeyValueCache, prompt: int) -> Tensor:
    """Hidden states [steps, H] of single tokens behind a prompt."""
    tokens = torch.randint(network.config.vocab_size, (prompt + _STEPS,), generator=torch.Generator().manual_seed(5))
    network.read(tokens[:prompt], cache)
    return torch.cat([network.read(token[None], cache) for token in tokens[prompt:]]).float()


def typical_error(found: Tensor, expected: Tensor) -> float:
    """The median over the tokens: where two experts are nearly as good, rounding may choose the other."""
    return float(((found - expected).norm(dim=1) / expected.norm(dim=1)).median())


@pytest.mark.parametrize("quantize", list(Quantize))
@pytest.mark.parametrize("kind", [CacheKind.BF16, CacheKind.INT8])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"head_dim": 128, "num_attention_heads": 2, "num_key_value_heads": 2},
        {"use_qk_norm": False},
        {"moe_router_enable_expert_bias": False},
        {"n_group": 1, "topk_group": 1},
        {"num_shared_experts": 0},
        {"num_experts_per_tok": 1},
        {"norm_topk_prob": False},
        {"first_k_dense_replace": 2},
    ],
)
def test_hidden_states_and_cache_are_those_of_the_network(
    quantize: Quantize, kind: CacheKind, changes: dict[str, object]
) -> None:
    network = small_network(small_config(**changes), quantize)
    cache, plain_cache = empty_cache(network, kind), empty_cache(network, kind)
    assert network.token_reader is not None
    found = read_on(network, cache, 21)
    network.token_reader = None
    expected = read_on(network, plain_cache, 21)
    assert typical_error(found, expected) < 0.03  # the network rounds to bf16 in between
    assert cache.length == plain_cache.length
    block, plain_block = (one.raw_block(21, 22) for one in (cache, plain_cache))
    first_layer, plain_first_layer = (one["numbers"][0].float() for one in (block, plain_block))
    assert (first_layer - plain_first_layer).abs().max() <= (1 if kind is CacheKind.INT8 else 0.05)


def test_it_reads_on_when_the_cache_has_grown_and_moved() -> None:
    network = small_network(small_config(max_position_embeddings=4096))
    cache, plain_cache = empty_cache(network), empty_cache(network)
    found = read_on(network, cache, 1024 - _STEPS // 2)
    network.token_reader = None
    assert typical_error(found, read_on(network, plain_cache, 1024 - _STEPS // 2)) < 0.03


def test_a_cache_of_another_size_at_the_same_place_is_read_as_what_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    network = small_network(small_config(max_position_embeddings=4096))
    room = [torch.zeros(2 * 2 * 4096 * 64, dtype=torch.bfloat16) for _ in network.layers]

    def at_the_same_place(cache: KeyValueCache, layer: int) -> tuple[Tensor, Tensor]:
        numbers, scales = stored(cache, layer)
        place = room[layer][: numbers.numel()].view(numbers.shape)
        place.copy_(numbers)
        return place, scales

    stored = KeyValueCache.stored
    monkeypatch.setattr(KeyValueCache, "stored", at_the_same_place)
    read_on(network, empty_cache(network), 1100)  # room for 2,048 tokens
    found = read_first(network, 21)  # for 1,024
    network.token_reader = None
    assert typical_error(found, read_first(network, 21)) < 0.03


def read_first(network: Network, prompt: int) -> Tensor:
    """The hidden state of one token behind a prompt, in an empty cache."""
    tokens = torch.arange(prompt + 1) % network.config.vocab_size
    cache = empty_cache(network)
    network.read(tokens[:prompt], cache)
    return network.read(tokens[prompt:], cache).float()


def test_a_window_that_is_no_multiple_of_anything_is_filled_to_its_last_token() -> None:
    network = small_network(small_config(max_position_embeddings=45))
    cache = empty_cache(network)
    assert read_on(network, cache, 45 - _STEPS).isfinite().all()
    assert cache.length == 45


def test_a_token_that_is_no_number_spoils_nothing_but_its_own_answer() -> None:
    network = small_network(small_config())
    cache = empty_cache(network)
    tokens = torch.tensor([3, 4, 5])
    before = network.read(tokens, cache)
    assert network.token_reader is not None
    bad = network.token_reader.read(torch.full((1, 128), float("nan"), dtype=torch.bfloat16), cache)
    assert bad.isnan().all()
    cache.truncate(0)
    assert torch.equal(network.read(tokens, cache), before)
    assert network.read(tokens[:1], cache).isfinite().all()


def test_several_threads_read_what_one_reads(several_threads: None) -> None:
    network = small_network(small_config())
    found = [read_on(network, empty_cache(network), 21) for _ in range(20)]
    torch.set_num_threads(1)
    expected = read_on(network, empty_cache(network), 21)
    assert all(torch.equal(one, expected) for one in found)


def test_sizes_that_the_functions_do_not_know_are_left_to_the_network() -> None:
    assert cpu_decoder(small_network(small_config(head_dim=32))) is None
    assert small_network(small_config(head_dim=96)).token_reader is None
