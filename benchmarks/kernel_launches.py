"""Note what the decode step and the dequantizer would launch for a model of any size, without memory and without a GPU.

Weights and activations are meta tensors; Triton's launch is replaced by one that keeps its arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest import mock

import torch
from torch import Tensor
from triton.runtime.jit import JITFunction

from model_runtime.cache import CacheKind, KeyValueCache
from model_runtime.checkpoint import Quantize, TensorSpec, network_tensors
from model_runtime.config import ModelConfig
from model_runtime.decode_step import DecodeStep
from model_runtime.expert_stack import ExpertStack, empty_stack
from model_runtime.grouped_experts import GroupedProduct
from model_runtime.held_weights import HeldWeights
from model_runtime.kernels.dequantize import dequantize_into
from model_runtime.linears import FullLinear, Nf4Linear
from model_runtime.model import Experts, Linear
from model_runtime.quantization import BLOCK_WEIGHTS, Nf4
from model_runtime.resident_experts import ResidentExperts

_META = torch.device("meta")
_OPTIONS = ("num_warps", "num_stages", "maxnreg")


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """One launch: the kernel, its arguments by name (tensors and numbers), its constants, warps and stages."""

    kernel: JITFunction[Any]
    arguments: dict[str, object]
    constants: dict[str, object]
    options: dict[str, int | None]
    programs: int

    @property
    def name(self) -> str:
        """The kernel's."""
        return str(self.kernel.fn.__name__).lstrip("_")


class MetaWeights:
    """The `Weights` of model.py without memory."""

    dtype = torch.bfloat16
    device = _META

    def __init__(self, config: ModelConfig, quantize: Quantize) -> None:
        self._specs = {spec.name: spec for spec in network_tensors(config)}
        self._config = config
        self._quantize = quantize

    def tensor(self, name: str) -> Tensor:
        """As the loader keeps it."""
        dtype = torch.float32 if ".mlp.gate." in name else torch.bfloat16
        return torch.empty(self._specs[name].shape, dtype=dtype, device=_META)

    def linear(self, name: str) -> Linear:
        """In 4 bits where the quantization says so."""
        spec = self._specs[f"{name}.weight"]
        return Nf4Linear(_nf4(spec)) if spec.is_quantized(self._quantize) else FullLinear(self.tensor(spec.name))

    def experts(self, layer: int) -> Experts:  # noqa: ARG002  all layers are alike
        """All of a layer."""
        return ResidentExperts(meta_stack(self._config), grouped=GroupedProduct())


def meta_stack(config: ModelConfig) -> ExpertStack:
    """The experts of a layer."""

    def memory(shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
        return torch.empty(shape, dtype=dtype, device=_META)

    return empty_stack(config.num_experts, config.moe_intermediate_size, config.hidden_size, memory)


def step_launches(config: ModelConfig, quantize: Quantize, kind: CacheKind, tokens: int) -> list[Launch]:
    """Those of one decode step, in their order. Products at full width are not Triton's and not among them."""
    step = DecodeStep(config, HeldWeights(MetaWeights(config, quantize)))
    cache = KeyValueCache(config, kind, device=_META, dtype=torch.bfloat16)
    cache.reserve(tokens)
    return _noted(lambda: step.run(tokens, cache))


def dequantizer_launches(config: ModelConfig) -> list[Launch]:
    """Of one stack of matrices."""
    matrices = meta_stack(config).gate
    out = torch.empty(matrices.shape, dtype=torch.bfloat16, device=_META)
    levels = torch.empty(16, device=_META)
    return _noted(lambda: dequantize_into(matrices, levels, out))


def _nf4(spec: TensorSpec) -> Nf4:
    *rows, columns = spec.shape
    return Nf4(
        packed=torch.empty((*rows, columns // 2), dtype=torch.uint8, device=_META),
        absmax=torch.empty((*rows, columns // BLOCK_WEIGHTS), dtype=torch.bfloat16, device=_META),
    )


def _noted(run: Callable[[], object]) -> list[Launch]:
    with _launches_kept() as launches:
        run()
    return launches


@contextmanager
def _launches_kept() -> Iterator[list[Launch]]:
    launches: list[Launch] = []

    def keep(kernel: JITFunction[Any], *values: object, grid: tuple[int, ...], warmup: bool, **named: Any) -> None:
        assert not warmup
        options = {name: named.pop(name) for name in _OPTIONS if name in named}
        found = dict(zip(kernel.arg_names, values, strict=False)) | named
        constants = {parameter.name for parameter in kernel.params if parameter.is_constexpr}
        programs = 1
        for size in grid:
            programs *= size
        launches.append(
            Launch(
                kernel=kernel,
                arguments={name: value for name, value in found.items() if name not in constants},
                constants={name: found[name] for name in constants},
                options=options,
                programs=programs,
            )
        )

    with mock.patch.object(JITFunction, "run", keep):
        yield launches
