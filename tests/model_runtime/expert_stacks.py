"""Stacks of random 4-bit experts."""

from __future__ import annotations

import torch

from model_runtime.expert_stack import ExpertStack
from model_runtime.quantization import quantize_plainly


def random_stack(experts: int, *, width: int = 64, hidden: int = 64, seed: int = 0) -> ExpertStack:
    """Experts whose outputs are ordinary numbers."""
    source = torch.Generator().manual_seed(seed)
    shapes = ((experts, width, hidden), (experts, width, hidden), (experts, hidden, width))
    gate, up, down = (quantize_plainly((torch.randn(shape, generator=source) * 0.1).bfloat16()) for shape in shapes)
    return ExpertStack(gate=gate, up=up, down=down)
