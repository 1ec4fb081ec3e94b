"""The decode step recorded as CUDA graphs, one for each number of tokens, and replayed: no launch from Python.

A graph holds addresses. It is recorded again when the cache's memory has moved; all graphs share one pool.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from model_runtime.cache import KeyValueCache
from model_runtime.decode_step import MOST_TOKENS, DecodeStep


class RecordedStep:
    """Logits after the newest tokens. One cache, one stream of steps, each over before the next is sent."""

    most_tokens = MOST_TOKENS

    def __init__(self, step: DecodeStep, cache: KeyValueCache) -> None:
        self._step = step
        self._cache = cache
        self._graphs: dict[int, torch.cuda.CUDAGraph] = {}
        self._moves = cache.moves
        self._pool = torch.cuda.graph_pool_handle()

    def logits(self, tokens: Sequence[int]) -> Tensor:
        """float32 [len(tokens), V], valid until the next call. The cache has grown by the tokens.

        Raises ContextTooLongError where the cache cannot hold them; whatever Triton raises if a kernel cannot be built.
        """
        count = len(tokens)
        self._cache.reserve(self._cache.length + count)
        if self._moves != self._cache.moves:
            self._graphs.clear()
            self._moves = self._cache.moves
        self._step.settle()
        self._step.send(tokens, self._cache.length)
        if count not in self._graphs:
            self._graphs[count] = self._recorded(count)
        self._graphs[count].replay()
        self._cache.advance(torch.tensor(tokens))
        return self._step.memory(count).logits

    def _recorded(self, count: int) -> torch.cuda.CUDAGraph:
        """Once without recording, which builds the kernels and lets libraries take their memory; then recorded."""
        side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            self._step.run(count, self._cache)
        torch.cuda.current_stream().wait_stream(side)
        self._step.settle()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=self._pool):
            self._step.run(count, self._cache)
        return graph
