"""Add what a block gave to the stream and take its root mean square norm, in one launch, beside the plain version."""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from model_runtime.kernels.nf4_tile import plane_offset


def add_and_norm_plainly(stream: Tensor, block: Tensor | None, weight: Tensor, eps: float) -> tuple[Tensor, Tensor]:
    """The new stream and its norm, bf16 [T, H]: normed in float32, rounded, then weighted, as model.RmsNorm does."""
    stream = stream if block is None else stream + block
    wide = stream.float()
    normed = wide * torch.rsqrt(wide.square().mean(dim=-1, keepdim=True) + eps)
    return stream, weight * normed.to(stream.dtype)


def add_and_norm(
    stream: Tensor, block: Tensor | None, weight: Tensor, eps: float, normed: Tensor, planes: Tensor
) -> None:
    """stream: bf16 [T, H], changed in place; normed: bf16 [T, H]; planes: the same as nibble planes."""
    tokens, hidden = stream.shape
    _add_and_norm[(tokens,)](
        stream,
        stream if block is None else block,
        weight,
        normed,
        planes,
        eps,
        HIDDEN=hidden,
        HAS_BLOCK=block is not None,
        BLOCK_H=triton.next_power_of_2(hidden),
        num_warps=8,
    )


@triton.jit
def _add_and_norm(
    stream,
    block,
    weight,
    normed,
    planes,
    eps,
    HIDDEN: tl.constexpr,
    HAS_BLOCK: tl.constexpr,
    BLOCK_H: tl.constexpr,
):
    row = tl.program_id(0) * HIDDEN
    column = tl.arange(0, BLOCK_H)
    inside = column < HIDDEN
    values = tl.load(stream + row + column, mask=inside, other=0.0).to(tl.float32)
    if HAS_BLOCK:
        values += tl.load(block + row + column, mask=inside, other=0.0).to(tl.float32)
        rounded = values.to(stream.dtype.element_ty)
        tl.store(stream + row + column, rounded, mask=inside)
        values = rounded.to(tl.float32)
    mean = tl.sum(values * values, 0) / HIDDEN
    unit = (values * tl.rsqrt(mean + eps)).to(stream.dtype.element_ty).to(tl.float32)
    factor = tl.load(weight + column, mask=inside, other=0.0).to(tl.float32)
    result = (unit * factor).to(normed.dtype.element_ty)
    tl.store(normed + row + column, result, mask=inside)
    tl.store(planes + row + plane_offset(column, HIDDEN), result.to(tl.float32), mask=inside)
