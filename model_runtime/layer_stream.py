"""Whole layers of experts on their way through the card while a prompt is read: one is copied while one computes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import torch

from model_runtime.expert_stack import ExpertStack


class CopyLane(Protocol):
    """Copies into numbered buffers, beside what computes. Everything is queued; no call waits for the device."""

    def start(self, buffer: int, source: ExpertStack, target: ExpertStack) -> None:
        """Copy, as soon as the buffer is free."""
        ...

    def wait(self, buffer: int) -> None:
        """What is computed from now on sees the copy whole."""
        ...

    def free(self, buffer: int) -> None:
        """The buffer may be overwritten once all that was asked for until now is computed."""
        ...


class DirectCopies:
    """Copies at once: on a CPU."""

    def start(self, buffer: int, source: ExpertStack, target: ExpertStack) -> None:  # noqa: ARG002
        """As the protocol says."""
        for origin, place in zip(source.tensors, target.tensors, strict=True):
            place.copy_(origin)

    def wait(self, buffer: int) -> None:
        """Nothing is under way."""

    def free(self, buffer: int) -> None:
        """Nothing is under way."""


class StreamCopies:
    """Copies on a stream of their own. From ordinary memory the driver copies in pieces, and the host waits for it."""

    def __init__(self, device: torch.device, buffers: int) -> None:
        self._device = device
        self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        self._copied = [torch.cuda.Event() for _ in range(buffers)]  # type: ignore[no-untyped-call]
        self._freed = [torch.cuda.Event() for _ in range(buffers)]  # type: ignore[no-untyped-call]

    def start(self, buffer: int, source: ExpertStack, target: ExpertStack) -> None:
        """As the protocol says."""
        self._stream.wait_event(self._freed[buffer])
        with torch.cuda.stream(self._stream):
            for origin, place in zip(source.tensors, target.tensors, strict=True):
                place.copy_(origin, non_blocking=True)
            self._copied[buffer].record(self._stream)

    def wait(self, buffer: int) -> None:
        """As the protocol says."""
        torch.cuda.current_stream(self._device).wait_event(self._copied[buffer])

    def free(self, buffer: int) -> None:
        """As the protocol says."""
        self._freed[buffer].record(torch.cuda.current_stream(self._device))


class LayerStream:
    """The layers of `hosts` through `buffers`, in their order, pass after pass.

    `before_pass` is called before the first copy of a pass, and before any that was not sent for ahead: whoever else
    uses the buffers' memory must let go of it.
    """

    def __init__(
        self,
        hosts: Sequence[ExpertStack],
        buffers: Sequence[ExpertStack],
        lane: CopyLane,
        before_pass: Callable[[], None],
    ) -> None:
        self._hosts = hosts
        self._buffers = buffers
        self._lane = lane
        self._before_pass = before_pass
        self._coming: list[int | None] = [None] * len(buffers)  # the layer that was sent for and not yet released

    def take(self, layer: int) -> ExpertStack:
        """The experts of the n-th layer, whole; the one after it is sent for. To be released before the next."""
        buffer = layer % len(self._buffers)
        if layer == 0 or self._coming[buffer] != layer:  # never trust what an earlier pass left
            self._begin(layer)
        self._lane.wait(buffer)
        if len(self._buffers) > 1 and layer + 1 < len(self._hosts):
            self._send_for(layer + 1)
        return self._buffers[buffer]

    def release(self, layer: int) -> None:
        """All that needs the layer was asked for."""
        buffer = layer % len(self._buffers)
        self._coming[buffer] = None
        self._lane.free(buffer)

    def settle(self) -> None:
        """After a pass that was given up: whatever is computed from now on comes after its last copy."""
        for buffer, layer in enumerate(self._coming):
            if layer is not None:
                self._lane.wait(buffer)
                self._coming[buffer] = None

    def _begin(self, layer: int) -> None:
        self._before_pass()
        for buffer in range(len(self._buffers)):
            self._coming[buffer] = None
            self._lane.free(buffer)
        self._send_for(layer)

    def _send_for(self, layer: int) -> None:
        buffer = layer % len(self._buffers)
        self._coming[buffer] = layer
        self._lane.start(buffer, self._hosts[layer], self._buffers[buffer])
