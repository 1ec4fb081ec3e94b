"""A copy lane that does the worst that a GPU's copy stream may do."""

from __future__ import annotations

import torch

from model_runtime.expert_stack import ExpertStack
from model_runtime.layer_stream import DirectCopies


class SlowCopies(DirectCopies):
    """Garbage lies in the buffer from the start of a copy until somebody waits for it."""

    def __init__(self) -> None:
        self._under_way: dict[int, tuple[ExpertStack, ExpertStack]] = {}
        self._is_free = {0: False, 1: False}

    def start(self, buffer: int, source: ExpertStack, target: ExpertStack) -> None:
        assert self._is_free[buffer], "a buffer is overwritten while it is in use"
        self._is_free[buffer] = False
        for tensor in target.tensors:
            tensor.view(torch.uint8).fill_(0xFF)
        self._under_way[buffer] = (source, target)

    def wait(self, buffer: int) -> None:
        pending = self._under_way.pop(buffer, None)
        if pending is not None:
            super().start(buffer, *pending)

    def land(self) -> None:
        """What nobody waited for arrives now."""
        for buffer in list(self._under_way):
            self.wait(buffer)

    def free(self, buffer: int) -> None:
        self._is_free[buffer] = True
