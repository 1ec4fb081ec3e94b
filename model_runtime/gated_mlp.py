"""The weights of one gated MLP as the GPU kernels take them: a dense layer's, or the shared expert's."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from model_runtime.quantization import Nf4

Matrix = Tensor | Nf4  # [out, in], at full width or in 4 bits


@dataclass(frozen=True, slots=True, kw_only=True)
class GatedMlp:
    """gate, up: [I, H]; down: [H, I]; all three kept in the same way."""

    gate: Matrix
    up: Matrix
    down: Matrix

    def __post_init__(self) -> None:
        assert isinstance(self.gate, Nf4) == isinstance(self.up, Nf4) == isinstance(self.down, Nf4)

    @property
    def is_nf4(self) -> bool:
        """Whether the matrices are in 4 bits."""
        return isinstance(self.gate, Nf4)

    @property
    def width(self) -> int:
        """I."""
        return self.gate.shape[0]
