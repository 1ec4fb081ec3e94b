"""What a user has today, on the same weights: bitsandbytes operations in a Python loop; and `grouped-nf4-gemm`."""

from __future__ import annotations

import importlib
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from model_runtime.config import ModelConfig
from model_runtime.expert_stack import ExpertStack
from model_runtime.linears import Nf4Linear
from model_runtime.loader import Placement
from model_runtime.model import Experts, Linear, LoadedModel, Network
from model_runtime.quantization import BLOCK_WEIGHTS, Nf4
from model_runtime.resident_experts import ResidentExperts
from model_runtime.synthetic import SyntheticWeights


class BitsandbytesWeights:
    """The synthetic weights of the runtime, multiplied by `gemm_4bit` one matrix at a time."""

    def __init__(self, source: SyntheticWeights) -> None:
        import bitsandbytes  # noqa: F401  registers the operations

        self.dtype, self.device = source.dtype, source.device
        self._source = source

    def tensor(self, name: str) -> Tensor:
        """Unchanged."""
        return self._source.tensor(name)

    def linear(self, name: str) -> Linear:
        """4-bit weights by bitsandbytes, the rest by PyTorch."""
        linear = self._source.linear(name)
        return product(linear.weight) if isinstance(linear, Nf4Linear) else linear

    def experts(self, layer: int) -> Experts:
        """In a loop."""
        experts = self._source.experts(layer)
        assert isinstance(experts, ResidentExperts)
        return LoopedExperts(experts.slots)


class LoopedExperts:
    """Token by token, expert by expert; the ids are read on the host, as the family's remote code does."""

    def __init__(self, stack: ExpertStack) -> None:
        self._stack = stack
        self._scales = [part.absmax.float() for part in (stack.gate, stack.up, stack.down)]

    def forward(self, hidden: Tensor, expert_ids: Tensor, weights: Tensor) -> Tensor:
        """The `Experts` of model.py."""
        total = torch.zeros_like(hidden, dtype=torch.float32)
        for token, ids in enumerate(expert_ids.tolist()):
            row = hidden[token : token + 1]
            for place, expert in enumerate(ids):
                inner = F.silu(self._multiply(0, expert, row)) * self._multiply(1, expert, row)
                total[token] += self._multiply(2, expert, inner)[0].float() * weights[token, place]
        return total.to(hidden.dtype)

    def _multiply(self, part: int, expert: int, rows: Tensor) -> Tensor:
        weight = (self._stack.gate, self._stack.up, self._stack.down)[part][expert]
        return _gemm(rows, weight, self._scales[part][expert].reshape(-1))


def product(weight: Nf4) -> Linear:
    """A linear map by bitsandbytes."""
    scales = weight.absmax.reshape(-1).float()
    return lambda hidden: _gemm(hidden, weight, scales)


def looped_model(config: ModelConfig, placement: Placement) -> LoadedModel:
    """The network in a Python loop; without the recorded step."""
    network = Network(config, BitsandbytesWeights(SyntheticWeights(config, placement)))
    return LoadedModel(network=network, config=config, fingerprint="synthetic", quantization="bitsandbytes")


def grouped_nf4_gemm(stack: ExpertStack) -> Callable[[Tensor, list[int]], object] | None:
    """The three expert products of one token, by the package of that name; None where it is not installed."""
    try:
        multiply = importlib.import_module("nf4_grouped").gemm_4bit_grouped
    except ImportError:
        return None

    def run(hidden: Tensor, ids: list[int]) -> object:
        rows, sizes = hidden.expand(len(ids), -1).contiguous(), [1] * len(ids)
        gate, up = (multiply(rows, part.packed, part.absmax, sizes, ids) for part in (stack.gate, stack.up))
        return multiply(F.silu(gate) * up, stack.down.packed, stack.down.absmax, sizes, ids)

    return run


def _gemm(rows: Tensor, weight: Nf4, scales: Tensor) -> Tensor:
    result: Tensor = torch.ops.bitsandbytes.gemm_4bit.default(
        rows, weight.packed.reshape(-1, 1), list(weight.shape), scales, BLOCK_WEIGHTS, "nf4"
    )
    return result
