"""Remember the weights that a network was given, so that the recorded decode step computes with the same memory."""

from __future__ import annotations

from torch import Tensor

from model_runtime.config import ModelConfig
from model_runtime.gated_mlp import GatedMlp, Matrix
from model_runtime.linears import FullLinear, Nf4Linear
from model_runtime.model import Experts, Linear, Weights


class HeldWeights:
    """The `Weights` of model.py over another source that is asked once for each."""

    def __init__(self, source: Weights) -> None:
        self.dtype = source.dtype
        self.device = source.device
        self._source = source
        self._linears: dict[str, Linear] = {}
        self._tensors: dict[str, Tensor] = {}
        self._experts: dict[int, Experts] = {}

    def linear(self, name: str) -> Linear:
        """The linear map of that name."""
        if name not in self._linears:
            self._linears[name] = self._source.linear(name)
        return self._linears[name]

    def tensor(self, name: str) -> Tensor:
        """The tensor of that name."""
        if name not in self._tensors:
            self._tensors[name] = self._source.tensor(name)
        return self._tensors[name]

    def experts(self, layer: int) -> Experts:
        """The routed experts of a layer."""
        if layer not in self._experts:
            self._experts[layer] = self._source.experts(layer)
        return self._experts[layer]

    def matrix(self, name: str) -> Matrix | None:
        """The weight of a linear map; None where it is kept in a way that the GPU kernels do not read."""
        linear = self.linear(name)
        return linear.weight if isinstance(linear, FullLinear | Nf4Linear) else None

    def gated_mlp(self, name: str) -> GatedMlp | None:
        """The weights of a gated MLP, likewise."""
        gate, up, down = (self.matrix(f"{name}.{part}_proj") for part in ("gate", "up", "down"))
        if gate is None or up is None or down is None:
            return None
        return GatedMlp(gate=gate, up=up, down=down)

    def shared_expert(self, config: ModelConfig, layer: int) -> GatedMlp | None:
        """Of a mixture layer; None without one."""
        if not config.shared_expert_intermediate_size:
            return None
        return self.gated_mlp(f"model.layers.{layer}.mlp.shared_experts")
