"""Weights straight from tensors in memory, in one dtype, experts in a loop: as plain as the network can be fed."""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor

from model_runtime.cache import CacheKind, KeyValueCache
from model_runtime.config import ModelConfig
from model_runtime.model import Linear, Network


class PlainExperts:
    """gate, up [experts, width, hidden]; down [experts, hidden, width]."""

    def __init__(self, gate: Tensor, up: Tensor, down: Tensor) -> None:
        self._gate, self._up, self._down = gate, up, down

    def forward(self, hidden: Tensor, expert_ids: Tensor, weights: Tensor) -> Tensor:
        """One expert after the other, summed in float32."""
        total = torch.zeros_like(hidden, dtype=torch.float32)
        for expert in torch.unique(expert_ids).tolist():
            token, slot = torch.where(expert_ids == expert)
            gated = F.silu(hidden[token] @ self._gate[expert].T) * (hidden[token] @ self._up[expert].T)
            total.index_add_(0, token, (gated @ self._down[expert].T).float() * weights[token, slot, None])
        return total.to(hidden.dtype)


class PlainWeights:
    """The `Weights` protocol over a dict of tensors."""

    def __init__(self, config: ModelConfig, tensors: dict[str, Tensor], dtype: torch.dtype = torch.float32) -> None:
        self.dtype = dtype
        self.device = torch.device("cpu")
        self._config = config
        self._tensors = tensors

    def linear(self, name: str) -> Linear:
        """A dense product."""
        weight = self._tensors[f"{name}.weight"].to(self.dtype)
        return lambda hidden: F.linear(hidden, weight)

    def tensor(self, name: str) -> Tensor:
        """The tensor in the dtype of the activations, the router's in float32."""
        is_router = ".mlp.gate." in name
        return self._tensors[name].to(torch.float32 if is_router else self.dtype)

    def experts(self, layer: int) -> PlainExperts:
        """The stacked experts of a layer."""
        return PlainExperts(*(self._stack(layer, part) for part in ("gate", "up", "down")))

    def _stack(self, layer: int, part: str) -> Tensor:
        names = [f"model.layers.{layer}.mlp.experts.{e}.{part}_proj.weight" for e in range(self._config.num_experts)]
        return torch.stack([self._tensors[name] for name in names]).to(self.dtype)


def read_tensors(folder: Path) -> dict[str, Tensor]:
    """All tensors of a folder's shards."""
    return {name: tensor for path in folder.glob("model-*.safetensors") for name, tensor in load_file(path).items()}


def plain_network(config: ModelConfig, tensors: dict[str, Tensor], dtype: torch.dtype = torch.float32) -> Network:
    """The network over plain weights."""
    return Network(config, PlainWeights(config, tensors, dtype))


def exact_cache(config: ModelConfig, dtype: torch.dtype = torch.float32) -> KeyValueCache:
    """A float32 cache for activations of some dtype."""
    return KeyValueCache(config, CacheKind.FLOAT32, device=torch.device("cpu"), dtype=dtype)


def logits_in_pieces(network: Network, cache: KeyValueCache, token_ids: Tensor, piece_tokens: int) -> Tensor:
    """Logits [T, V] read piece by piece behind what the cache holds."""
    return torch.cat([network.logits(network.read(piece, cache)) for piece in torch.split(token_ids, piece_tokens)])
