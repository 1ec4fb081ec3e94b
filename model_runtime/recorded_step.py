"""The decode step recorded as CUDA graphs, one for each number of tokens, and replayed: no launch from Python.

A graph holds addresses. It is recorded again when the cache's memory has moved; all graphs share one pool.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from model_runtime.cache import KeyValueCache
from model_runtime.decode_step import MOST_TOKENS, DecodeStep

WIDTHS = (1, 2, 4, MOST_TOKENS)  # a kernel is built for each, so there are few; a step in between is filled up


class RecordedStep:
    """Logits after the newest tokens. One cache, one stream of steps, each over before the next is sent."""

    def __init__(self, step: DecodeStep, cache: KeyValueCache) -> None:
        self.most_tokens = step.most_tokens
        self._widths = sorted({*(width for width in WIDTHS if width < self.most_tokens), self.most_tokens})
        self._step = step
        self._cache = cache
        self._graphs: dict[int, torch.cuda.CUDAGraph] = {}
        self._moves = cache.moves
        self._pool = torch.cuda.graph_pool_handle()

    def prepare(self) -> None:
        """Build the kernels of every width, which takes a minute the first time on a machine, and record the steps.

        Raises whatever Triton raises if a kernel cannot be built.
        """
        before = self._cache.length
        for width in self._widths:
            if before + width <= self._cache.context_tokens:
                self.logits([0] * width)
                self._cache.truncate(before)

    def logits(self, tokens: Sequence[int]) -> Tensor:
        """float32 [len(tokens), V], valid until the next call. The cache has grown by the tokens.

        Raises ContextTooLongError where the cache cannot hold them.
        """
        width = self._width(len(tokens))
        self._cache.reserve(self._cache.length + width)
        if self._moves != self._cache.moves:
            self._graphs.clear()
            self._moves = self._cache.moves
        self._step.settle()
        # What fills the step up stands behind the tokens, which therefore do not see it, and is not kept.
        self._step.send([*tokens, *[tokens[-1]] * (width - len(tokens))], self._cache.length)
        if width not in self._graphs:
            self._graphs[width] = self._recorded(width)
        self._graphs[width].replay()
        self._cache.advance(torch.tensor(tokens))
        return self._step.memory(width).logits[: len(tokens)]

    def _width(self, tokens: int) -> int:
        """The next recorded width, unless it would reach beyond the context."""
        width = next(width for width in self._widths if width >= tokens)
        return width if self._cache.length + width <= self._cache.context_tokens else tokens

    def _recorded(self, count: int) -> torch.cuda.CUDAGraph:
        """Once without recording, which builds the kernels and lets libraries take their memory; then recorded."""
        side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            self._step.run(count, self._cache)
        torch.cuda.current_stream().wait_stream(side)
        self._step.settle()
        graph = torch.cuda.CUDAGraph()
        # Other threads may use the GPU meanwhile: the text encoder does.
        with torch.cuda.graph(graph, pool=self._pool, capture_error_mode="thread_local"):
            self._step.run(count, self._cache)
        return graph
