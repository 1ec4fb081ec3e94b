"""Stream shards: read a tensor, quantize it, place it, forget it; the 16-bit model is never held.

A 4-bit folder is mapped: on a CPU with the packed product each matrix is reordered once on its way, on a GPU it is
copied once, elsewhere nothing is copied at all.
"""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

import torch
from torch import Tensor

from model_runtime.cache import CacheKind
from model_runtime.checkpoint import (
    Checkpoint,
    Form,
    Quantize,
    Role,
    TensorSpec,
    absmax_name,
    expert_name,
    network_tensors,
)
from model_runtime.config import ModelConfig
from model_runtime.cpu_decoder import cpu_decoder
from model_runtime.errors import CheckpointError, DoesNotFitError
from model_runtime.expert_stack import ExpertStack
from model_runtime.experts import full_experts, nf4_experts
from model_runtime.gpu_kernels import experts_on_gpu, grouped_product, has_kernels, multiply_selected
from model_runtime.held_weights import HeldWeights
from model_runtime.host_memory import Workspace, empty_on_huge_pages
from model_runtime.hub import model_folder
from model_runtime.linears import FullLinear, Nf4Linear, PackedLinear
from model_runtime.manifest import check_manifest
from model_runtime.model import Experts, Linear, LoadedModel, Network
from model_runtime.nf4_encoding import quantize as quantize_on_cpu
from model_runtime.offload import Offload
from model_runtime.offloaded_experts import ExpertComputation, OffloadedExperts
from model_runtime.packed_experts import PackedExperts
from model_runtime.packed_product import PackedNf4, has_packed_product, pack_into, packable
from model_runtime.planner import GIB, plan_on_gpu, weights_bytes
from model_runtime.quantization import BLOCK_WEIGHTS, Nf4, check_columns, quantize_plainly
from model_runtime.router import Router

logger = logging.getLogger(__name__)


class Precision(StrEnum):
    """How weights are kept in memory."""

    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"
    NF4 = "nf4"


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """What the loader was asked for. `dtype` is that of the activations and of every weight that is not in 4 bits.

    With `offload` the routed experts are in host memory, and slots for some of them on the device.
    """

    quantize: Quantize | None
    dtype: torch.dtype
    device: torch.device
    offload: Offload | None = None

    def in_4_bits(self, spec: TensorSpec) -> bool:
        """Whether this tensor is kept in 4 bits."""
        return self.quantize is not None and spec.is_quantized(self.quantize)

    def packed(self, rows: int, columns: int) -> bool:
        """Whether 4-bit matrices of this shape are kept in the order of the CPU's packed product."""
        on_cpu = self.device.type == "cpu" and self.dtype == torch.bfloat16
        return on_cpu and packable(rows, columns) and has_packed_product()


def load_model(
    model: str | Path,
    *,
    precision: Precision = Precision.NF4,
    quantize: Quantize | None = None,
    dtype: torch.dtype | None = None,
    device: torch.device | str = "cpu",
    context_tokens: int | None = None,
    kv_cache: CacheKind = CacheKind.BF16,
    gpu_memory_bytes: int | None = None,
    prefetches: bool = False,
    verify: bool = True,
) -> LoadedModel:
    """The network of a folder or hub id with its weights in place.

    `quantize` (default: what a 4-bit folder holds, else experts) and `dtype` (default bf16) count for NF4 alone;
    a context above max_position_embeddings turns YaRN on. `verify` compares a 4-bit folder with its sha256 sums.
    Experts that do not fit a GPU beside a cache of `kv_cache` for the whole context stay in host memory.
    `gpu_memory_bytes` is what all may take together on the GPU (default: what is free); on a CPU it simulates such a
    card. `prefetches`: each layer fetches ahead for the next one. Raises CheckpointError for a checkpoint that is
    damaged, incomplete or unknown; DoesNotFitError if memory is short.
    """
    checkpoint = Checkpoint(model_folder(str(model)))
    if checkpoint.form is Form.NF4 and verify:
        check_manifest(checkpoint.folder, threads=os.cpu_count() or 1)
    config = checkpoint.config
    if context_tokens is not None:
        config = config.with_context(context_tokens)
    if config.yarn is not None:
        logger.info(
            "YaRN stretches %d positions by %.2f", config.yarn.original_max_position_embeddings, config.yarn.factor
        )
    placement = _placement(checkpoint, Precision(precision), quantize, dtype, torch.device(device))
    placement = place_experts(config, placement, kv_cache, gpu_memory_bytes)
    if placement.offload is None:
        needed = memory_needed_bytes(checkpoint, placement)
        logger.info("the weights take %.2f GiB on %s", needed / GIB, placement.device)
        check_memory(needed, placement.device, free_memory_bytes(placement.device))
    weights = CheckpointWeights(checkpoint, placement, prefetches=prefetches)
    held = HeldWeights(weights) if placement.device.type == "cuda" else None
    network = Network(config, held or weights)
    network.token_reader = cpu_decoder(network)
    kept = precision if placement.quantize is None else f"nf4-{placement.quantize}"
    return LoadedModel(
        network=network,
        config=config,
        fingerprint=checkpoint.fingerprint(),
        quantization=str(kept),
        held=held,
        offloaded=weights.offloaded,
    )


def place_experts(
    config: ModelConfig, placement: Placement, kv_cache: CacheKind, gpu_memory_bytes: int | None
) -> Placement:
    """The placement with the experts in host memory if the plan for this GPU says so.

    Raises DoesNotFitError, with the numbers, where the plan refuses or the host has not enough memory.
    """
    is_gpu = placement.device.type == "cuda"
    if placement.quantize is None or not (is_gpu or gpu_memory_bytes):
        return placement
    free_bytes = free_memory_bytes(placement.device) if is_gpu else 2**63
    limit_bytes = min(free_bytes, gpu_memory_bytes or free_bytes)
    if is_gpu and gpu_memory_bytes is not None:
        limit_process_memory(placement.device, gpu_memory_bytes)
    wider_bytes = _wide_weights(config, placement.quantize) * (placement.dtype.itemsize - 2)  # the plan counts bf16
    plan = plan_on_gpu(config, placement.quantize, kv_cache, limit_bytes - wider_bytes)
    if not plan.fits:
        raise DoesNotFitError(plan.message)
    logger.info("%s", plan.message)
    if plan.offload is not None:
        check_memory(plan.host_bytes, torch.device("cpu"), free_memory_bytes(torch.device("cpu")))
    return replace(placement, offload=plan.offload)


def limit_process_memory(device: torch.device, limit_bytes: int) -> None:
    """Let PyTorch allocate no more on this GPU. What the CUDA context takes is not in its hands."""
    number = torch.cuda.current_device() if device.index is None else device.index
    total_bytes = torch.cuda.get_device_properties(number).total_memory
    torch.cuda.set_per_process_memory_fraction(min(1.0, limit_bytes / total_bytes), number)


def _wide_weights(config: ModelConfig, quantize: Quantize) -> int:
    return sum(spec.weights for spec in network_tensors(config) if not spec.is_quantized(quantize))


def memory_needed_bytes(checkpoint: Checkpoint, placement: Placement) -> int:
    """What the loader will allocate; mapped weights are not counted."""
    if placement.quantize is None:
        return sum(spec.weights for spec in checkpoint.specs.values()) * placement.dtype.itemsize
    wide = sum(spec.weights for spec in checkpoint.specs.values() if not placement.in_4_bits(spec))
    needed = weights_bytes(checkpoint.config, placement.quantize) + wide * (placement.dtype.itemsize - 2)
    stays_mapped = placement.device.type == "cpu" and checkpoint.form is Form.NF4 and not has_packed_product()
    return wide * placement.dtype.itemsize if stays_mapped else needed


def free_memory_bytes(device: torch.device) -> int:
    """What can be allocated there now."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    meminfo = Path("/proc/meminfo")
    if meminfo.exists():
        lines = dict(line.split(":", 1) for line in meminfo.read_text(encoding="ascii").splitlines())
        return int(lines["MemAvailable"].split()[0]) * 1024
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def check_memory(needed_bytes: int, device: torch.device, free_bytes: int) -> None:
    """Raise DoesNotFitError before the machine is out of memory, not after."""
    if needed_bytes > free_bytes:
        raise DoesNotFitError(
            f"the weights take {needed_bytes / GIB:.1f} GiB and {free_bytes / GIB:.1f} GiB are free on {device}; "
            "close other programs, quantize with --quantize linears, or use a machine that `plan` says is large enough"
        )


def _placement(
    checkpoint: Checkpoint,
    precision: Precision,
    quantize: Quantize | None,
    dtype: torch.dtype | None,
    device: torch.device,
) -> Placement:
    if precision is not Precision.NF4:
        if checkpoint.form is Form.NF4:
            raise CheckpointError(f"{checkpoint.folder} holds 4-bit weights; load it with precision nf4")
        wide = torch.float32 if precision is Precision.FLOAT32 else torch.bfloat16
        return Placement(quantize=None, dtype=wide, device=device)
    if checkpoint.form is Form.NF4:
        if quantize is not None and quantize is not checkpoint.quantize:
            raise CheckpointError(
                f"{checkpoint.folder} was quantized with {checkpoint.quantize}, not {quantize}; "
                f"load it so, or quantize the 16-bit release with --quantize {quantize}"
            )
        quantize = checkpoint.quantize
    return Placement(quantize=quantize or Quantize.EXPERTS, dtype=dtype or torch.bfloat16, device=device)


class CheckpointWeights:
    """Hands the network its weights, each read when it is asked for: the `Weights` of model.py."""

    def __init__(self, checkpoint: Checkpoint, placement: Placement, *, prefetches: bool = False) -> None:
        self.dtype = placement.dtype
        self.device = placement.device
        self.offloaded = offloaded_experts(checkpoint.config, placement)
        self._prefetches = prefetches
        self._routers: dict[str, Tensor] = {}  # held once, where a layer's router also guesses for the layer before
        self._checkpoint = checkpoint
        self._placement = placement
        self._workspace = Workspace()
        self._on_gpu = experts_on_gpu(placement.device, placement.dtype)

    def tensor(self, name: str) -> Tensor:
        """The tensor of that name; the router and its bias in float32."""
        if name in self._routers:
            return self._routers[name]
        spec = self._checkpoint.specs[name]
        is_router = spec.role in (Role.ROUTER, Role.EXPERT_BIAS)
        tensor = self._checkpoint.matrix(name).to(self.device, torch.float32 if is_router else self.dtype)
        if is_router and self._prefetches:
            self._routers[name] = tensor
        return tensor

    def linear(self, name: str) -> Linear:
        """The linear map of that name."""
        spec = self._checkpoint.specs[f"{name}.weight"]
        if not self._placement.in_4_bits(spec):
            return FullLinear(self.tensor(spec.name))
        rows, columns = spec.shape
        if self._placement.packed(rows, columns):
            packed = empty_packed(rows, columns)
            pack_into(self._four_bit(spec.name, None), packed, first_row=0)
            return PackedLinear(packed)
        return Nf4Linear(self._on_device(self._four_bit(spec.name, None)))

    def experts(self, layer: int) -> Experts:
        """The routed experts of a layer."""
        specs = [
            self._checkpoint.specs[f"model.layers.{layer}.mlp.experts.{projection}.weight"]
            for projection in ("gate_proj", "up_proj", "down_proj")
        ]
        if not self._placement.in_4_bits(specs[0]):
            return full_experts(*(self._full_stack(spec) for spec in specs))
        if self.offloaded is not None:
            return self._experts_on_host(self.offloaded, layer, specs)
        _, width, hidden = specs[0].shape
        if self._placement.packed(width, hidden) and self._placement.packed(hidden, width):
            return self._packed_experts(*specs)
        return self._plain_experts(*specs)

    def _experts_on_host(self, offloaded: OffloadedExperts, layer: int, specs: list[TensorSpec]) -> Experts:
        """Each expert straight to its place in host memory; one is held twice at a time."""
        host = offloaded.host_stack()
        for spec, stack in zip(specs, (host.gate, host.up, host.down), strict=True):
            for expert in range(spec.shape[0]):
                one = self._four_bit(spec.name, expert)
                stack.packed[expert].copy_(one.packed)
                stack.absmax[expert].copy_(one.absmax)
        return offloaded.add(host, self._router(layer) if self._prefetches else None)

    def _router(self, layer: int) -> Router:
        config, gate = self._checkpoint.config, f"model.layers.{layer}.mlp.gate"
        bias = self.tensor(f"{gate}.expert_bias") if config.moe_router_enable_expert_bias else None
        return Router(config, self.tensor(f"{gate}.weight"), bias)

    def _full_stack(self, spec: TensorSpec) -> Tensor:
        """[E, rows, columns] at full width."""
        stack = torch.empty(spec.shape, dtype=self.dtype, device=self.device)
        for expert in range(spec.shape[0]):
            stack[expert] = self._checkpoint.matrix(expert_name(spec.name, expert))
        return stack

    def _plain_experts(self, gate: TensorSpec, up: TensorSpec, down: TensorSpec) -> Experts:
        gates, ups, downs = (self._four_bit_stack(spec) for spec in (gate, up, down))
        if self._on_gpu is not None:
            return self._on_gpu(ExpertStack(gate=gates, up=ups, down=downs))
        return nf4_experts(gates, ups, downs, self.dtype)

    def _four_bit_stack(self, spec: TensorSpec) -> Nf4:
        """[E, rows, columns] in the plain order, on the device; mapped where nothing has to be done."""
        if self._checkpoint.form is Form.NF4:
            return self._on_device(self._mapped(spec.name))
        experts, rows, columns = spec.shape
        check_columns(columns)
        stack = Nf4(
            packed=torch.empty((experts, rows, columns // 2), dtype=torch.uint8, device=self.device),
            absmax=torch.empty((experts, rows, columns // BLOCK_WEIGHTS), dtype=torch.bfloat16, device=self.device),
        )
        for expert in range(experts):
            one = self._four_bit(spec.name, expert)
            stack.packed[expert], stack.absmax[expert] = one.packed, one.absmax
        return stack

    def _packed_experts(self, gate: TensorSpec, up: TensorSpec, down: TensorSpec) -> PackedExperts:
        experts, width, hidden = gate.shape
        gate_up, downs = empty_packed(2 * width, hidden, experts), empty_packed(hidden, width, experts)
        for expert in range(experts):
            pack_into(self._four_bit(gate.name, expert), gate_up[expert], first_row=0)
            pack_into(self._four_bit(up.name, expert), gate_up[expert], first_row=width)
            pack_into(self._four_bit(down.name, expert), downs[expert], first_row=0)
        return PackedExperts(gate_up, downs, self._workspace)

    def _four_bit(self, name: str, expert: int | None) -> Nf4:
        """One matrix in the plain order, in host memory or, if it was quantized on one, on the GPU."""
        if self._checkpoint.form is Form.NF4:
            mapped = self._mapped(name)
            return mapped if expert is None else mapped[expert]
        source = name if expert is None else expert_name(name, expert)
        weight = self._checkpoint.matrix(source).to(torch.bfloat16)
        try:
            return quantize_on_cpu(weight) if self.device.type == "cpu" else quantize_plainly(weight.to(self.device))
        except CheckpointError as error:
            raise CheckpointError(f"{source} in {self._checkpoint.folder}: {error}") from error

    def _mapped(self, name: str) -> Nf4:
        return Nf4(packed=self._checkpoint.raw(name), absmax=self._checkpoint.raw(absmax_name(name)))

    def _on_device(self, weight: Nf4) -> Nf4:
        return Nf4(packed=weight.packed.to(self.device), absmax=weight.absmax.to(self.device))


def offloaded_experts(config: ModelConfig, placement: Placement) -> OffloadedExperts | None:
    """Slots on the device and memory on the host, where the placement says so."""
    if placement.offload is None:
        return None
    device, computation = placement.device, ExpertComputation()
    if device.type == "cuda" and placement.dtype is torch.bfloat16 and has_kernels():
        computation = ExpertComputation(selected=multiply_selected, grouped=grouped_product(device))
    return OffloadedExperts(config, placement.offload, device, computation=computation)


def empty_packed(rows: int, columns: int, *stack: int) -> PackedNf4:
    """Zeroed memory for packed matrices."""
    return PackedNf4(
        packed=empty_on_huge_pages((*stack, rows, columns // 2), torch.uint8),
        absmax=empty_on_huge_pages((*stack, columns // BLOCK_WEIGHTS, rows), torch.bfloat16),
    )
