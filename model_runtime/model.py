"""Norms, layers, the whole BailingMoeV2 network, top to bottom, for one sequence.

Where the weights come from is not known here: `Weights` hands out linears, tensors and expert stacks by their published
names, and they may be float32, bf16 or 4-bit. Letters: T tokens, H hidden_size.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from model_runtime.attention import Attention
from model_runtime.cache import KeyValueCache
from model_runtime.config import ModelConfig
from model_runtime.offloaded_experts import OffloadedExperts
from model_runtime.rotary import Rotary
from model_runtime.router import Router

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


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedModel:
    """A network with its weights in place. `fingerprint` names the weights, `quantization` how they are stored.

    `offloaded`: its routed experts, where they are in host memory; a prompt is then best read in their chunks.
    """

    network: Network
    config: ModelConfig
    fingerprint: str
    quantization: str
    offloaded: OffloadedExperts | None = None


class Network:
    """The decoder with its head. Holds no state between calls: that is the cache's."""

    def __init__(self, config: ModelConfig, weights: Weights) -> None:
        self.config = config
        self.dtype = weights.dtype
        self.device = weights.device
        self._rotary = Rotary(config, weights.device)
        self._embeddings = weights.tensor("model.word_embeddings.weight")  # [vocabulary, H]
        self._layers = [Layer(config, weights, index, self._rotary) for index in range(config.num_hidden_layers)]
        self._norm = RmsNorm(weights.tensor("model.norm.weight"), config.rms_norm_eps)
        self._head = weights.linear("lm_head")

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
        angles = self._rotary.angles(cache.length, len(token_ids))
        for layer in self._layers:
            if before_layer is not None:
                before_layer()
            hidden = layer.forward(hidden, angles, cache)
        cache.advance(token_ids)
        return self._norm(hidden)

    @torch.inference_mode()
    def logits(self, hidden: Tensor) -> Tensor:
        """hidden [n, H] -> float32 [n, vocabulary]."""
        return self._head(hidden).float()


class RmsNorm:
    """Root mean square norm: in float32, rounded to the input's dtype, then weighted, as the reference does."""

    def __init__(self, weight: Tensor, eps: float) -> None:
        self._weight = weight
        self._eps = eps

    def __call__(self, hidden: Tensor) -> Tensor:
        wide = hidden.float()
        normed = wide * torch.rsqrt(wide.square().mean(dim=-1, keepdim=True) + self._eps)
        return self._weight * normed.to(hidden.dtype)


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
        self._attention = Attention(
            config,
            index,
            query_key_value=weights.linear(f"{name}.attention.query_key_value"),
            dense=weights.linear(f"{name}.attention.dense"),
            norm=norm,
            rotary=rotary,
        )
        self._input_norm = RmsNorm(weights.tensor(f"{name}.input_layernorm.weight"), eps)
        self._post_attention_norm = RmsNorm(weights.tensor(f"{name}.post_attention_layernorm.weight"), eps)
        self._mlp: Linear = (
            MixtureOfExperts(config, weights, index) if index in config.moe_layers else SwiGlu(weights, f"{name}.mlp")
        )

    def forward(self, hidden: Tensor, angles: tuple[Tensor, Tensor], cache: KeyValueCache) -> Tensor:
        """hidden [T, H] -> [T, H]."""
        hidden = hidden + self._attention.forward(self._input_norm(hidden), angles, cache)
        return hidden + self._mlp(self._post_attention_norm(hidden))


class SwiGlu:
    """A gated MLP: down(silu(gate(x)) * up(x))."""

    def __init__(self, weights: Weights, name: str) -> None:
        self._gate = weights.linear(f"{name}.gate_proj")
        self._up = weights.linear(f"{name}.up_proj")
        self._down = weights.linear(f"{name}.down_proj")

    def __call__(self, hidden: Tensor) -> Tensor:
        return self._down(F.silu(self._gate(hidden)) * self._up(hidden))


class MixtureOfExperts:
    """The routed experts that the router chose for each token, plus the shared expert that every token sees."""

    def __init__(self, config: ModelConfig, weights: Weights, index: int) -> None:
        name = f"model.layers.{index}.mlp"
        bias = weights.tensor(f"{name}.gate.expert_bias") if config.moe_router_enable_expert_bias else None
        self._router = Router(config, weights.tensor(f"{name}.gate.weight"), bias)
        self._experts = weights.experts(index)
        self._shared = SwiGlu(weights, f"{name}.shared_experts") if config.shared_expert_intermediate_size else None

    def __call__(self, hidden: Tensor) -> Tensor:
        expert_ids, expert_weights = self._router.choose(hidden)
        routed = self._experts.forward(hidden, expert_ids, expert_weights)
        return routed if self._shared is None else routed + self._shared(hidden)
