"""The weights of a tiny model as a GPU would hold them, with the routed experts or all linears in 4 bits."""

from __future__ import annotations

import torch
from torch import Tensor

from model_runtime.checkpoint import Quantize
from model_runtime.config import ModelConfig, parse_config
from model_runtime.expert_stack import ExpertStack
from model_runtime.grouped_experts import GroupedProduct
from model_runtime.held_weights import HeldWeights
from model_runtime.linears import FullLinear, Nf4Linear
from model_runtime.model import Experts, Linear
from model_runtime.quantization import Nf4, quantize_plainly
from model_runtime.resident_experts import ResidentExperts
from tests.model_runtime.tiny_checkpoint import tiny_config, tiny_tensors


class StepWeights:
    """The `Weights` of model.py in bf16 over a dict of tensors."""

    def __init__(self, config: ModelConfig, tensors: dict[str, Tensor], quantize: Quantize) -> None:
        self.dtype = torch.bfloat16
        self.device = torch.device("cpu")
        self._config = config
        self._tensors = tensors
        self._quantize = quantize
        self._grouped = GroupedProduct()

    def linear(self, name: str) -> Linear:
        """In 4 bits with `linears`."""
        weight = self._tensors[f"{name}.weight"].bfloat16()
        return Nf4Linear(quantize_plainly(weight)) if self._quantize is Quantize.LINEARS else FullLinear(weight)

    def tensor(self, name: str) -> Tensor:
        """bf16, the router's float32."""
        return self._tensors[name].to(torch.float32 if ".mlp.gate." in name else torch.bfloat16)

    def experts(self, layer: int) -> Experts:
        """All of them in 4 bits."""
        gate, up, down = (self._stack(layer, part) for part in ("gate", "up", "down"))
        return ResidentExperts(ExpertStack(gate=gate, up=up, down=down), grouped=self._grouped)

    def _stack(self, layer: int, part: str) -> Nf4:
        names = [f"model.layers.{layer}.mlp.experts.{e}.{part}_proj.weight" for e in range(self._config.num_experts)]
        return quantize_plainly(torch.stack([self._tensors[name].bfloat16() for name in names]))


def tiny_step_weights(quantize: Quantize, changes: dict[str, object]) -> tuple[ModelConfig, HeldWeights]:
    """A config and its random weights."""
    fields = tiny_config(**changes)
    config = parse_config(fields).with_context(128)
    return config, HeldWeights(StepWeights(config, tiny_tensors(fields), quantize))
