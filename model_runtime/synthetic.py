"""Random 4-bit weights of any shape, made directly: no 16-bit copy ever exists. For benchmarks; the text is noise."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from model_runtime.checkpoint import Role, TensorSpec, network_tensors
from model_runtime.config import ModelConfig
from model_runtime.cpu_decoder import cpu_decoder
from model_runtime.expert_stack import ExpertStack
from model_runtime.experts import nf4_experts
from model_runtime.gpu_kernels import experts_on_gpu
from model_runtime.held_weights import HeldWeights
from model_runtime.host_memory import Workspace, empty_on_huge_pages
from model_runtime.linears import FullLinear, Nf4Linear, PackedLinear
from model_runtime.loader import Placement, empty_packed, offloaded_experts
from model_runtime.model import Experts, Linear, LoadedModel, Network
from model_runtime.offloaded_experts import OffloadedExperts
from model_runtime.packed_experts import PackedExperts
from model_runtime.packed_product import PackedNf4
from model_runtime.quantization import BLOCK_WEIGHTS, Nf4

_SEED = 20_260_101
_NOISE_BYTES = 9_999_991  # repeated to fill the weights: 8 GB of fresh noise take a minute. A prime, so matrices differ


class SyntheticWeights:
    """The `Weights` of a network that was never trained, sized so that activations stay ordinary numbers."""

    def __init__(self, config: ModelConfig, placement: Placement) -> None:
        self.dtype = placement.dtype
        self.device = placement.device
        self.offloaded = offloaded_experts(config, placement)
        self._placement = placement
        self._workspace = Workspace()
        self._on_gpu = experts_on_gpu(placement.device, placement.dtype)
        self._specs = {spec.name: spec for spec in network_tensors(config)}
        self._random = torch.Generator(placement.device).manual_seed(_SEED)
        self._noise = torch.randint(256, (_NOISE_BYTES,), dtype=torch.uint8, device=self.device, generator=self._random)

    def tensor(self, name: str) -> Tensor:
        """Ones for norms, zeros for expert biases, else normal numbers."""
        spec = self._specs[name]
        if spec.role is Role.NORM:
            return torch.ones(spec.shape, dtype=self.dtype, device=self.device)
        if spec.role is Role.EXPERT_BIAS:
            return torch.zeros(spec.shape, device=self.device)
        dtype = torch.float32 if spec.role is Role.ROUTER else self.dtype
        values = torch.empty(spec.shape, dtype=dtype, device=self.device)
        return values.normal_(std=spec.shape[-1] ** -0.5, generator=self._random)

    def linear(self, name: str) -> Linear:
        """The linear map of that name."""
        spec = self._specs[f"{name}.weight"]
        if not self._placement.in_4_bits(spec):
            return FullLinear(self.tensor(spec.name))
        rows, columns = spec.shape
        if self._placement.packed(rows, columns):
            return PackedLinear(self._packed(rows, columns))
        return Nf4Linear(self._plain(spec))

    def experts(self, layer: int) -> Experts:
        """The routed experts of a layer."""
        gate, up, down = (
            self._specs[f"model.layers.{layer}.mlp.experts.{projection}.weight"]
            for projection in ("gate_proj", "up_proj", "down_proj")
        )
        experts, width, hidden = gate.shape
        if self.offloaded is not None:
            return self._experts_on_host(self.offloaded)
        if self._placement.packed(width, hidden) and self._placement.packed(hidden, width):
            gate_up, downs = self._packed(2 * width, hidden, experts), self._packed(hidden, width, experts)
            return PackedExperts(gate_up, downs, self._workspace)
        stack = ExpertStack(gate=self._plain(gate), up=self._plain(up), down=self._plain(down))
        if self._on_gpu is not None:
            return self._on_gpu(stack)
        return nf4_experts(stack.gate, stack.up, stack.down, self.dtype)

    def _experts_on_host(self, offloaded: OffloadedExperts) -> Experts:
        host = offloaded.host_stack()
        for matrices in (host.gate, host.up, host.down):
            self._fill(matrices.packed, matrices.absmax, matrices.shape[-1])
        return offloaded.add(host)

    def _packed(self, rows: int, columns: int, *stack: int) -> PackedNf4:
        weights = empty_packed(rows, columns, *stack)
        self._fill(weights.packed, weights.absmax, columns)
        return weights

    def _plain(self, spec: TensorSpec) -> Nf4:
        *rows, columns = spec.shape
        weights = Nf4(
            packed=self._memory((*rows, columns // 2), torch.uint8),
            absmax=self._memory((*rows, columns // BLOCK_WEIGHTS), torch.bfloat16),
        )
        self._fill(weights.packed, weights.absmax, columns)
        return weights

    def _memory(self, shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
        if self.device.type == "cpu":
            return empty_on_huge_pages(shape, dtype)
        return torch.empty(shape, dtype=dtype, device=self.device)

    def _fill(self, packed: Tensor, absmax: Tensor, columns: int) -> None:
        """Any byte is two valid codes; the magnitude makes a product about as large as its input. Its sign is random:
        the levels of NF4 have a positive mean, and under it all tokens would drift to the same experts."""
        flat = packed.view(-1)
        for start in range(0, len(flat), len(self._noise)):
            part = flat[start : start + len(self._noise)]
            part.copy_(self._noise[: len(part)])
        signs = torch.randint(2, absmax.shape[1:] or (1,), device=self.device, generator=self._random) * 2 - 1
        absmax.copy_(signs * (2 / math.sqrt(columns)))


def synthetic_model(config: ModelConfig, placement: Placement) -> LoadedModel:
    """A network of that config with random weights."""
    weights = SyntheticWeights(config, placement)
    held = HeldWeights(weights) if placement.device.type == "cuda" else None
    network = Network(config, held or weights)
    network.token_reader = cpu_decoder(network)
    return LoadedModel(
        network=network,
        config=config,
        fingerprint="synthetic",
        quantization=f"nf4-{placement.quantize}",
        held=held,
        offloaded=weights.offloaded,
    )
