"""4-bit blocks in bitsandbytes' NF4 layout: what the bytes mean, in plain operations.

A block is 64 consecutive weights of one row: 4 bits each, the first weight in the high half of its byte, and the
largest magnitude of the block in bf16. That magnitude is one of the block's own bf16 weights, so bf16 loses nothing
against the float32 that bitsandbytes keeps. `nf4_encoding` and `cpu_kernels` hold the fast paths; they must equal
what stands here.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from model_runtime.errors import CheckpointError

BLOCK_WEIGHTS = 64
BYTES_PER_BLOCK = BLOCK_WEIGHTS // 2 + 2  # the codes and a bf16 magnitude: 0.53125 bytes a weight

# The 16 levels of NF4 (QLoRA, arXiv 2305.14314, appendix E), as bitsandbytes writes them.
# fmt: off
NF4_LEVELS = (
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
    -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
)
# fmt: on

SMALLEST_SCALE = 1e-38  # bitsandbytes' guard against a block of zeros


@dataclass(frozen=True, slots=True, kw_only=True)
class Nf4:
    """A weight in 4 bits. packed: uint8 [..., columns / 2]; absmax: bf16 [..., columns / 64]."""

    packed: Tensor
    absmax: Tensor

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the weight."""
        return (*self.packed.shape[:-1], self.packed.shape[-1] * 2)

    @property
    def byte_count(self) -> int:
        """What it occupies."""
        return self.packed.nbytes + self.absmax.nbytes

    def __getitem__(self, index: int) -> Nf4:
        """One matrix of a stack, without a copy."""
        return Nf4(packed=self.packed[index], absmax=self.absmax[index])


def boundaries(device: torch.device | None = None) -> Tensor:
    """The 15 midpoints between the levels, float32; a value on a midpoint takes the lower level, as in bitsandbytes."""
    levels = torch.tensor(NF4_LEVELS, dtype=torch.float32, device=device)
    return (levels[:-1] + levels[1:]) / 2


def encode_plainly(weights: Tensor) -> tuple[Tensor, Tensor]:
    """Codes uint8 [(n + 1) // 2] and magnitudes bf16 [ceil(n / 64)] of bf16 weights [n], step by step.

    Source: bitsandbytes 0.50.2, backends/default/ops.py, down to the rounding: whole blocks are multiplied by the
    reciprocal, a rest below 64 is divided. Raises CheckpointError for a weight that is not finite.
    """
    if not bool(torch.isfinite(weights).all()):
        raise CheckpointError("a weight is not a finite number; the tensor is damaged and cannot be quantized")
    values = weights.reshape(-1).float()
    whole = values.numel() // BLOCK_WEIGHTS * BLOCK_WEIGHTS
    blocks = values[:whole].reshape(-1, BLOCK_WEIGHTS)
    absmax = blocks.abs().amax(1)
    scaled = (blocks * (1.0 / absmax.clamp(min=SMALLEST_SCALE))[:, None]).clamp(-1, 1).reshape(-1)
    if whole < values.numel():
        rest = values[whole:]
        scale = rest.abs().amax().clamp(min=SMALLEST_SCALE)
        absmax = torch.cat([absmax, scale[None]])
        scaled = torch.cat([scaled, (rest / scale).clamp(-1, 1)])
    codes = torch.bucketize(scaled, boundaries(weights.device), out_int32=True).to(torch.uint8)
    if codes.numel() % 2:
        codes = torch.nn.functional.pad(codes, (0, 1), value=7)  # the level 0.0
    return codes[::2] << 4 | codes[1::2], absmax.to(torch.bfloat16)


def quantize_plainly(weight: Tensor) -> Nf4:
    """The 4-bit form of a bf16 weight [..., columns]; columns must be a multiple of 64."""
    check_columns(weight.shape[-1])
    packed, absmax = encode_plainly(weight)
    rows = weight.shape[:-1]
    return Nf4(packed=packed.reshape(*rows, -1), absmax=absmax.reshape(*rows, -1))


def dequantize_plainly(weight: Nf4) -> Tensor:
    """float32 [..., columns]: level times magnitude."""
    levels = torch.tensor(NF4_LEVELS, dtype=torch.float32, device=weight.packed.device)
    codes = torch.stack([weight.packed >> 4, weight.packed & 15], dim=-1).int()
    values = levels[codes].reshape(*weight.absmax.shape, BLOCK_WEIGHTS) * weight.absmax.float()[..., None]
    return values.reshape(weight.shape)


def check_columns(columns: int) -> None:
    """Raise CheckpointError unless a row is cut into whole blocks."""
    if columns % BLOCK_WEIGHTS:
        raise CheckpointError(
            f"rows of {columns} weights are no multiple of {BLOCK_WEIGHTS}; such a tensor cannot be kept in 4 bits"
        )


def nf4_bytes(weights: int) -> int:
    """Bytes of that many weights in 4 bits."""
    return weights // BLOCK_WEIGHTS * BYTES_PER_BLOCK
