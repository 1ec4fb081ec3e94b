"""A tiny network with its experts in host memory behind slots, and the same one with all experts at hand."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from model_runtime.cache import CacheKind, KeyValueCache
from model_runtime.checkpoint import Checkpoint, Quantize
from model_runtime.expert_stack import ExpertStack, multiply_rows_plainly, multiply_stack_plainly
from model_runtime.loader import CheckpointWeights, Placement
from model_runtime.model import Experts, LoadedModel, Network
from model_runtime.offload import Offload
from tests.model_runtime.checkpoints import CONFIG, published_tensors, write_checkpoint

LAYERS, EXPERTS, CHOSEN = 4, 16, 4
OFFLOADED_CONFIG = CONFIG | {
    "num_experts": EXPERTS,
    "num_experts_per_tok": CHOSEN,
    "num_hidden_layers": LAYERS + 1,
    "n_group": 4,
    "topk_group": 2,
}


def write_offloaded_checkpoint(folder: Path) -> Path:
    """16 experts, 4 of a token, 4 mixture layers."""
    return write_checkpoint(folder, published_tensors(OFFLOADED_CONFIG), config=OFFLOADED_CONFIG)


class WholeStack:
    """All experts of a layer at hand, computed as those in slots are."""

    def __init__(self, stack: ExpertStack) -> None:
        self._stack = stack

    def forward(self, hidden: Tensor, expert_ids: Tensor, weights: Tensor) -> Tensor:
        multiply = multiply_rows_plainly if expert_ids.numel() < EXPERTS else multiply_stack_plainly
        return multiply(hidden, expert_ids, weights, self._stack)


class WeightsAtHand(CheckpointWeights):
    """Every expert in one stack of its layer."""

    def experts(self, layer: int) -> Experts:
        gate, up, down = (
            self._four_bit_stack(self._checkpoint.specs[f"model.layers.{layer}.mlp.experts.{part}.weight"])
            for part in ("gate_proj", "up_proj", "down_proj")
        )
        return WholeStack(ExpertStack(gate=gate, up=up, down=down))


def network_at_hand(checkpoint: Path, dtype: torch.dtype = torch.float32) -> Network:
    """What an offloaded network must equal, bit for bit."""
    opened = Checkpoint(checkpoint)
    return Network(opened.config, WeightsAtHand(opened, placement(None, dtype)))


def offloaded_model(
    checkpoint: Path,
    slots: int,
    *,
    dtype: torch.dtype = torch.float32,
    prefetches: bool = False,
) -> LoadedModel:
    """The network with so many slots in each layer."""
    offload = Offload(layers=LAYERS, experts=EXPERTS, slots=slots, chunk_tokens=32)
    opened = Checkpoint(checkpoint)
    weights = CheckpointWeights(opened, placement(offload, dtype), prefetches=prefetches)
    network = Network(opened.config, weights)
    return LoadedModel(
        network=network, config=opened.config, fingerprint="", quantization="nf4", offloaded=weights.offloaded
    )


def placement(offload: Offload | None, dtype: torch.dtype) -> Placement:
    """Experts in 4 bits, the rest in `dtype`."""
    return Placement(quantize=Quantize.EXPERTS, dtype=dtype, device=torch.device("cpu"), offload=offload)


def read(network: Network, pieces: list[int]) -> Tensor:
    """Logits after each token of a text that is read in pieces of these lengths."""
    ids = torch.randint(256, (sum(pieces),), generator=torch.Generator().manual_seed(3))
    kind = CacheKind.FLOAT32 if network.dtype == torch.float32 else CacheKind.BF16
    cache = KeyValueCache(network.config, kind, device=network.device, dtype=network.dtype)
    return torch.cat([network.logits(network.read(piece, cache)) for piece in torch.split(ids, pieces)])
