"""Root mean square norm, as the family computes it."""

from __future__ import annotations

import torch
from torch import Tensor


class RmsNorm:
    """Root mean square norm: in float32, rounded to the input's dtype, then weighted, as the reference does."""

    def __init__(self, weight: Tensor, eps: float) -> None:
        self.weight = weight
        self.eps = eps

    def __call__(self, hidden: Tensor) -> Tensor:
        wide = hidden.float()
        normed = wide * torch.rsqrt(wide.square().mean(dim=-1, keepdim=True) + self.eps)
        return self.weight * normed.to(hidden.dtype)
