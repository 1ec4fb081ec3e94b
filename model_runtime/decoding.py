"""Read a few tokens behind the cache: by the recorded GPU step where there is one, else by the network itself."""

from __future__ import annotations

import logging
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Protocol

import torch
from torch import Tensor

from model_runtime.cache import KeyValueCache
from model_runtime.gpu_kernels import recorded_step
from model_runtime.model import LoadedModel

_log = logging.getLogger(__name__)


class Step(Protocol):
    """A faster way for at most `most_tokens` tokens; see `RecordedStep`."""

    most_tokens: int

    def prepare(self) -> None:
        """Build what the first call would have to build; the cache is afterwards as it was."""
        ...

    def logits(self, tokens: Sequence[int]) -> Tensor:
        """float32 [len(tokens), V]; the cache has grown."""
        ...


class Decoder:
    """Logits after the newest tokens of one sequence."""

    def __init__(self, model: LoadedModel, cache: KeyValueCache, *, step: Step | None = None) -> None:
        self._network = model.network
        self._cache = cache
        self._step = _prepared(step or recorded_step(model, cache))

    @property
    def most_tokens(self) -> int | None:
        """How many tokens one pass should read at most; None where it does not matter."""
        return self._step.most_tokens if self._step is not None else None

    def logits(self, tokens: Sequence[int], before_layer: Callable[[], None] | None = None) -> Tensor:
        """float32 [len(tokens), V] after each token; the cache grows by them. Valid until the next call.

        `before_layer` may raise to stop a pass of the network; a recorded step is too short to be stopped.
        """
        if self._step is not None and len(tokens) <= self._step.most_tokens:
            return self._step.logits(tokens)
        ids = torch.tensor(tokens, dtype=torch.int64, device=self._network.device)
        return self._network.logits(self._network.read(ids, self._cache, before_layer=before_layer))


def _prepared(step: Step | None) -> Step | None:
    """The step, ready; None if it does not work on this machine. Then the network is run, after one line in the log."""
    if step is None:
        return None
    started = time.perf_counter()
    try:
        step.prepare()
    except Exception as error:
        if not _is_unusable(error):
            raise
        _log.warning("the GPU kernels cannot be used (%s); the network is run without them", type(error).__name__)
        return None
    _log.info("the GPU kernels were ready after %.1f s", time.perf_counter() - started)
    return step


def _is_unusable(error: Exception) -> bool:
    """A kernel that does not compile, a GPU that is too old, no C compiler for Triton's launcher."""
    if isinstance(error, torch.OutOfMemoryError):
        return False
    triton_errors = sys.modules.get("triton.errors")
    is_triton = triton_errors is not None and isinstance(error, triton_errors.TritonError)
    return is_triton or isinstance(error, RuntimeError | OSError | subprocess.SubprocessError)
