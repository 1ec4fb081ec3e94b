"""Stream shards: read a tensor, quantize it, place it, forget it; the 16-bit model is never held.

A 4-bit folder is mapped: on a CPU with the packed product each matrix is reordered once on its way, on a GPU it is
copied once, elsewhere nothing is copied at all.
"""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import torch
from torch import Tensor

from model_runtime.checkpoint import Checkpoint, Form, Quantize, Role, TensorSpec, absmax_name, expert_name
from model_runtime.cpu_decoder import cpu_decoder
from model_runtime.errors import CheckpointError, DoesNotFitError
from model_runtime.expert_stack import ExpertStack
from model_runtime.experts import full_experts, nf4_experts
from model_runtime.gpu_kernels import experts_on_gpu
from model_runtime.held_weights import HeldWeights
from model_runtime.host_memory import Workspace, empty_on_huge_pages
from model_runtime.hub import model_folder
from model_runtime.linears import FullLinear, Nf4Linear, PackedLinear
from model_runtime.manifest import check_manifest
from model_runtime.model import Experts, Linear, LoadedModel, Network, Weights
from model_runtime.nf4_encoding import quantize as quantize_on_cpu
from model_runtime.packed_experts import PackedExperts
from model_runtime.packed_product import PackedNf4, has_packed_product, pack_into, packable
from model_runtime.planner import GIB, weights_bytes
from model_runtime.quantization import BLOCK_WEIGHTS, Nf4, check_columns, quantize_plainly

logger = logging.getLogger(__name__)


class Precision(StrEnum):
    """How weights are kept in memory."""

    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"
    NF4 = "nf4"


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """What the loader was asked for. `dtype` is that of the activations and of every weight that is not in 4 bits."""

    quantize: Quantize | None
    dtype: torch.dtype
    device: torch.device

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
    verify: bool = True,
) -> LoadedModel:
    """The network of a folder or hub id with its weights in place.

    `quantize` (default: what a 4-bit folder holds, else experts) and `dtype` (default bf16) count for NF4 alone;
    a context above max_position_embeddings turns YaRN on. `verify` compares a 4-bit folder with its sha256 sums.
    Raises CheckpointError for a checkpoint that is damaged, incomplete or unknown; DoesNotFitError if memory is short.
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
    needed = memory_needed_bytes(checkpoint, placement)
    logger.info("the weights take %.2f GiB on %s", needed / GIB, placement.device)
    check_memory(needed, placement.device, free_memory_bytes(placement.device))
    weights: Weights = CheckpointWeights(checkpoint, placement)
    held = HeldWeights(weights) if placement.device.type == "cuda" else None
    network = Network(config, held or weights)
    network.token_reader = cpu_decoder(network)
    kept = precision if placement.quantize is None else f"nf4-{placement.quantize}"
    return LoadedModel(
        network=network, config=config, fingerprint=checkpoint.fingerprint(), quantization=str(kept), held=held
    )


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

    def __init__(self, checkpoint: Checkpoint, placement: Placement) -> None:
        self.dtype = placement.dtype
        self.device = placement.device
        self._checkpoint = checkpoint
        self._placement = placement
        self._workspace = Workspace()
        self._on_gpu = experts_on_gpu(placement.device, placement.dtype)

    def tensor(self, name: str) -> Tensor:
        """The tensor of that name; the router and its bias in float32."""
        spec = self._checkpoint.specs[name]
        dtype = torch.float32 if spec.role in (Role.ROUTER, Role.EXPERT_BIAS) else self.dtype
        return self._checkpoint.matrix(name).to(self.device, dtype)

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
        _, width, hidden = specs[0].shape
        if self._placement.packed(width, hidden) and self._placement.packed(hidden, width):
            return self._packed_experts(*specs)
        return self._plain_experts(*specs)

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


def empty_packed(rows: int, columns: int, *stack: int) -> PackedNf4:
    """Zeroed memory for packed matrices."""
    return PackedNf4(
        packed=empty_on_huge_pages((*stack, rows, columns // 2), torch.uint8),
        absmax=empty_on_huge_pages((*stack, columns // BLOCK_WEIGHTS, rows), torch.bfloat16),
    )
