"""Norms, layers, the whole BailingMoeV2 network, top to bottom, for one sequence.

Where the weights come from is not known here: `Weights` hands out linears, tensors and expert stacks by their published
names, and they may be float32, bf16 or 4-bit. Letters: T tokens, H hidden_size.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from model_runtime.attention import Attention
from model_runtime.cache import KeyValueCache
from model_runtime.config import ModelConfig
from model_runtime.norm import RmsNorm
from model_runtime.offloaded_experts import OffloadedExperts
from model_runtime.rotary import Rotary
from model_runtime.router import Router

if TYPE_CHECKING:
    from model_runtime.held_weights import HeldWeights

Linear = Callable[[Tensor], Tensor]  # [..., in] -> [..., out], same dtype


class Experts(Protocol):
    """The routed experts of one layer."""

    def forward(self, hidden: Tensor, expert_ids: Tensor, weights: Tensor) -> Tensor:
        """hidden [T, H], expert_ids int64 [T, k], weights float32 [T, k] -> sum of the weighted outputs [T, H]."""
        ...


class Weights(Protocol):
    """A checkpoint, ready to compute with. Names are those of the published checkpoints."""

    dtype: torch.dtype  # of the activations
    device: torch.device

    def linear(self, name: str) -> Linear:
        """The linear whose weight is `<name>.weight`: "model.layers.0.attention.dense", "lm_head"."""
        ...

    def tensor(self, name: str) -> Tensor:
        """The tensor of that full name, in `dtype`; router weights and expert biases in float32."""
        ...

    def experts(self, layer: int) -> Experts:
        """The routed experts of a layer."""
        ...


class TokenReader(Protocol):
    """A faster way through the layers for one token."""

    def can_read(self, cache: KeyValueCache) -> bool:
        """Whether it knows this kind of cache."""
        ...

    def read(self, embedding: Tensor, cache: KeyValueCache) -> Tensor:
        """[1, H] -> the normed hidden state [1, H]; writes into the cache and does not advance it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedModel:
    """A network with its weights in place. `fingerprint` names the weights, `quantization` how they are stored.

    `held`: the same weights for the recorded decode step of a GPU. `offloaded`: its routed experts, where they are in
    host memory; a prompt is then best read in their chunks.
    """

    network: Network
    config: ModelConfig
    fingerprint: str
    quantization: str
    held: HeldWeights | None = None
    offloaded: OffloadedExperts | None = None


class Network:
    """The decoder with its head. Holds no state between calls: that is the cache's."""

    def __init__(self, config: ModelConfig, weights: Weights) -> None:
        self.config = config
        self.dtype = weights.dtype
        self.device = weights.device
        self.rotary = Rotary(config, weights.device)
        self._embeddings = weights.tensor("model.word_embeddings.weight")  # [vocabulary, H]
        self.layers = [Layer(config, weights, index, self.rotary) for index in range(config.num_hidden_layers)]
        self.norm = RmsNorm(weights.tensor("model.norm.weight"), config.rms_norm_eps)
        self._head = weights.linear("lm_head")
        self.token_reader: TokenReader | None = None

    @torch.inference_mode()
    def read(
        self, token_ids: Tensor, cache: KeyValueCache, *, before_layer: Callable[[], None] | None = None
    ) -> Tensor:
        """Read tokens that follow those in the cache: int64 [T] -> hidden states [T, H], normed, ready for `logits`.

        The cache grows by T tokens when the last layer is done; after a failure, or an exception that `before_layer`
        raised to stop, it is as it was.
        """
        hidden = F.embedding(token_ids, self._embeddings)  # [T, H]
        cache.reserve(cache.length + len(token_ids))
        if len(token_ids) == 1 and self.token_reader is not None and self.token_reader.can_read(cache):
            normed = self.token_reader.read(hidden, cache)
            cache.advance(token_ids)
            return normed
        angles = self.rotary.angles(cache.length, len(token_ids))
        for layer in self.layers:
            if before_layer is not None:
                before_layer()
            hidden = layer.forward(hidden, angles, cache)
        cache.advance(token_ids)
        return self.norm(hidden)

    @torch.inference_mode()
    def logits(self, hidden: Tensor) -> Tensor:
        """hidden [n, H] -> float32 [n, vocabulary]."""
        return self._head(hidden).float()


class Layer:
    """Attention, then a dense or a mixture-of-experts block, each behind a norm and added to what came in."""

    def __init__(self, config: ModelConfig, weights: Weights, index: int, rotary: Rotary) -> None:
        name = f"model.layers.{index}"
        eps = config.rms_norm_eps
        norm = None
        if config.use_qk_norm:  # one norm over all query and key heads, each with the weight of its kind: [Q + K, D]
            query = weights.tensor(f"{name}.attention.query_layernorm.weight").expand(config.num_attention_heads, -1)
            key = weights.tensor(f"{name}.attention.key_layernorm.weight").expand(config.num_key_value_heads, -1)
            norm = RmsNorm(torch.cat((query, key)), eps)
        self.attention = Attention(
            config,
            index,
            query_key_value=weights.linear(f"{name}.attention.query_key_value"),
            dense=weights.linear(f"{name}.attention.dense"),
            norm=norm,
            rotary=rotary,
        )
        self.input_norm = RmsNorm(weights.tensor(f"{name}.input_layernorm.weight"), eps)
        self.post_attention_norm = RmsNorm(weights.tensor(f"{name}.post_attention_layernorm.weight"), eps)
        self.mlp: Linear = (
            MixtureOfExperts(config, weights, index) if index in config.moe_layers else SwiGlu(weights, f"{name}.mlp")
        )

    def forward(self, hidden: Tensor, angles: tuple[Tensor, Tensor], cache: KeyValueCache) -> Tensor:
        """hidden [T, H] -> [T, H]."""
        hidden = hidden + self.attention.forward(self.input_norm(hidden), angles, cache)
        return hidden + self.mlp(self.post_attention_norm(hidden))


class SwiGlu:
    """A gated MLP: down(silu(gate(x)) * up(x))."""

    def __init__(self, weights: Weights, name: str) -> None:
        self.gate = weights.linear(f"{name}.gate_proj")
        self.up = weights.linear(f"{name}.up_proj")
        self.down = weights.linear(f"{name}.down_proj")

    def __call__(self, hidden: Tensor) -> Tensor:
        return self.down(F.silu(self.gate(hidden)) * self.up(hidden))


class MixtureOfExperts:
    """The routed experts that the router chose for each token, plus the shared expert that every token sees."""

    def __init__(self, config: ModelConfig, weights: Weights, index: int) -> None:
        name = f"model.layers.{index}.mlp"
        bias = weights.tensor(f"{name}.gate.expert_bias") if config.moe_router_enable_expert_bias else None
        self.router = Router(config, weights.tensor(f"{name}.gate.weight"), bias)
        self.experts = weights.experts(index)
        self.shared = SwiGlu(weights, f"{name}.shared_experts") if config.shared_expert_intermediate_size else None

    def __call__(self, hidden: Tensor) -> Tensor:
        expert_ids, expert_weights = self.router.choose(hidden)
        routed = self.experts.forward(hidden, expert_ids, expert_weights)
        return routed if self.shared is None else routed + self.shared(hidden)
