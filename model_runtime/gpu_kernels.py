"""Which GPU kernels this machine can use: those of Triton where it is installed, else the way without them.

The only way from the rest of the runtime to `kernels` and to what is built on it, taken for a CUDA device alone: a
machine without one need not have Triton.
"""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from model_runtime.expert_stack import ExpertStack
from model_runtime.grouped_experts import DequantizeInto, GroupedProduct
from model_runtime.quantization import Nf4
from model_runtime.resident_experts import ResidentExperts
from model_runtime.slot_cache import PlainSlotOperations, SlotOperations

if TYPE_CHECKING:
    from model_runtime.cache import KeyValueCache
    from model_runtime.model import LoadedModel
    from model_runtime.recorded_step import RecordedStep

_log = logging.getLogger(__name__)


@cache
def has_kernels() -> bool:
    """Whether Triton is there; says once in the log if it is not."""
    if importlib.util.find_spec("triton") is None:
        _log.warning("Triton is missing: the GPU is used without the runtime's own kernels, many times slower")
        return False
    return True


def grouped_product(device: torch.device) -> GroupedProduct:
    """For many tokens at once. The dequantizer is Triton's where it can be used."""
    if device.type == "cuda" and has_kernels():
        return GroupedProduct(_kernel_dequantizer(device))
    return GroupedProduct()


def multiply_selected(hidden: Tensor, indices: Tensor, weights: Tensor, stack: ExpertStack) -> Tensor:
    """An `ExpertKernel` for a few tokens on a GPU: bf16 hidden [T, H], indices [T, k], weights float32 [T, k]."""
    from model_runtime.kernels.experts import multiply_stack

    return multiply_stack(hidden, indices, weights, stack)


def experts_on_gpu(device: torch.device, dtype: torch.dtype) -> Callable[[ExpertStack], ResidentExperts] | None:
    """How a layer's 4-bit experts are computed on a GPU that holds them all; None on a CPU or for another dtype."""
    if device.type != "cuda" or dtype is not torch.bfloat16:
        return None
    grouped = grouped_product(device)
    return lambda stack: ResidentExperts(stack, grouped=grouped)


def recorded_step(model: LoadedModel, cache: KeyValueCache) -> RecordedStep | None:
    """The decode step as CUDA graphs over that cache; None where the device or the weights are not for it."""
    if model.held is None or model.held.device.type != "cuda" or not has_kernels():
        return None
    if model.offloaded is not None and any(layer.cache.waits_for_host for layer in model.offloaded.layers):
        return None
    from model_runtime.cache import CacheKind
    from model_runtime.decode_step import DecodeStep, runs_on
    from model_runtime.recorded_step import RecordedStep

    if cache.kind is CacheKind.FLOAT32 or not runs_on(model.config, model.held):
        return None
    return RecordedStep(DecodeStep(model.config, model.held), cache)


def slot_operations(host: ExpertStack, device: torch.device) -> SlotOperations:
    """Kernels where the card can read the host's memory; else the plain way."""
    if device.type != "cuda" or not all(tensor.is_pinned() for tensor in host.tensors) or not has_kernels():
        return PlainSlotOperations()
    from model_runtime.kernels.slot_cache import SlotKernels

    return SlotKernels()


def _kernel_dequantizer(device: torch.device) -> DequantizeInto:
    from model_runtime.kernels.dequantize import dequantize_into
    from model_runtime.kernels.nf4_tile import nf4_levels

    levels = nf4_levels(device)

    def dequantize(weight: Nf4, out: Tensor) -> None:
        dequantize_into(weight, levels, out)

    return dequantize
