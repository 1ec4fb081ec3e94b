"""Prefill, decode, stop; tokens in, events out. One sequence at a time, the others wait in line.

An answer is a generator: closing it, or setting the request's stop signal, ends it within one chunk of the prompt or
one token. What was read stays in the cache, so that the next prompt reads only what is new to it.
"""

from __future__ import annotations

import gc
import logging
import resource
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from model_runtime.cache import CacheKind, KeyValueCache
from model_runtime.chat import Chat, TextStream
from model_runtime.decoding import Decoder
from model_runtime.errors import ContextTooLongError, NumericalError, OutOfMemoryError, RequestError
from model_runtime.events import Event, Finished, FinishReason, Progress, Request
from model_runtime.model import LoadedModel
from model_runtime.prefixes import PrefixStore
from model_runtime.sampling import Sampler
from model_runtime.speculation import Drafts, Payoff
from model_runtime.waiting_line import WaitingLine

# A chunk dequantizes every expert once, so it must be large; it is also what a stop may have to wait for.
_CHUNK_TOKENS = {"cpu": 2048, "cuda": 8192}
_QUEUE_POLL_SECONDS = 0.2
# Below this distance between the two likeliest tokens, rounding in a wider pass could turn the choice.
_CLEAR_MARGIN = {torch.float32: 1e-3, torch.bfloat16: 0.25}

_log = logging.getLogger(__name__)


class _Cancelled(Exception):  # noqa: N818  a signal, no failure
    """The stop signal was seen inside the network."""


@dataclass(slots=True, kw_only=True)
class _Tally:
    """What `Finished` reports, counted as it happens."""

    started: float
    reused_tokens: int = 0
    tokens: int = 0
    drafted_tokens: int = 0
    prefilled: float | None = None


class Engine:
    """A loaded model with its conversation so far. Safe to use from several threads."""

    def __init__(
        self, model: LoadedModel, chat: Chat, *, kv_cache: CacheKind = CacheKind.BF16, chunk_tokens: int | None = None
    ) -> None:
        network = model.network
        self.chat = chat
        self.context_tokens = model.config.context_tokens
        self._network = network
        offloaded = model.offloaded
        streamed_tokens = offloaded.chunk_tokens if offloaded is not None else None
        self._chunk_tokens = chunk_tokens or streamed_tokens or _CHUNK_TOKENS.get(network.device.type, 2048)
        self._cache = KeyValueCache(model.config, kv_cache, device=network.device, dtype=network.dtype)
        with _memory_failures_named():
            self._decoder = Decoder(model, self._cache)
        self._line = WaitingLine()
        self._payoff = Payoff()
        config = model.config
        self._prefix_key = (
            f"{model.fingerprint} {model.quantization} {network.dtype} {kv_cache} "
            f"rope {config.rope_theta} {config.rotary_dim} {config.yarn}"
        )

    @property
    def cached_tokens(self) -> int:
        """Tokens whose keys and values are held."""
        return self._cache.length

    def vocabulary(self) -> list[bytes]:
        """The bytes of every token that can be written, by id; none for special ones."""
        return [self.chat.token_bytes(token) for token in range(self._network.config.vocab_size)]

    @property
    def cache_bytes(self) -> int:
        """Memory that they take."""
        return self._cache.bytes

    def generate(self, request: Request) -> Iterator[Event]:
        """The events of one answer; the last is `Finished`, unless the generator is closed before.

        Raises RequestError at once for a request that can't be served; OutOfMemoryError or NumericalError while it
        runs. After any of them the engine takes the next request.
        """
        prompt = len(request.prompt_tokens)
        if prompt == 0:
            raise RequestError("the prompt is empty; send at least one token")
        if prompt >= self.context_tokens:
            raise ContextTooLongError(
                f"the prompt takes {prompt:,} of {self.context_tokens:,} tokens; send fewer passages"
            )
        if request.max_tokens < 1:
            raise RequestError(f"max_tokens is {request.max_tokens}; at least 1 is needed")
        vocabulary = self._network.config.vocab_size
        if not 0 <= min(request.prompt_tokens) <= max(request.prompt_tokens) < vocabulary:
            raise RequestError(
                f"a token of the prompt is outside the vocabulary of {vocabulary:,}; use the model's tokenizer"
            )
        return self._in_line(request)

    def forget(self) -> None:
        """Drop what was read, and its memory; to be called when a record is deleted. Waits for the running request."""
        ticket = self._line.join()
        try:
            self._line.wait_for_turn(ticket)
            self._drop_cache()
        finally:
            self._line.leave(ticket)

    def _in_line(self, request: Request) -> Generator[Event, None, None]:
        ticket = self._line.join()
        try:
            place = self._line.place(ticket)
            while place > 0:
                yield Progress(tokens_done=0, tokens_total=len(request.prompt_tokens), queue_place=place)
                before = place
                while place == before:
                    if _is_stopped(request):
                        yield self._finished(request, _Tally(started=time.perf_counter()), FinishReason.CANCELLED)
                        return
                    place = self._line.wait_for_change(ticket, before, _QUEUE_POLL_SECONDS)
            yield from self._serve(request)
        finally:
            self._line.leave(ticket)

    def _serve(self, request: Request) -> Generator[Event, None, None]:
        tally = _Tally(started=time.perf_counter())
        _restart_peak_memory(self._network.device)
        is_whole = False
        try:
            reason = yield from self._answer(request, tally)
            is_whole = reason is not FinishReason.CANCELLED
            if request.saved_prefixes is not None and is_whole:
                self._store(request).save(self._cache, len(request.prompt_tokens))
            yield self._finished(request, tally, reason)
        except (NumericalError, OutOfMemoryError):
            self._drop_cache()
            raise
        finally:
            if not is_whole:
                self._cache.release()

    def _answer(self, request: Request, tally: _Tally) -> Generator[Event, None, FinishReason]:
        """All events but the last; why the answer ended."""
        try:
            logits = yield from self._read_prompt(request, tally)
            tally.prefilled = time.perf_counter()
            return (yield from self._write(request, logits, tally))
        except _Cancelled:
            return FinishReason.CANCELLED

    # Reading the prompt

    def _read_prompt(self, request: Request, tally: _Tally) -> Generator[Event, None, Tensor]:
        """Read what is not in the cache, chunk by chunk; the logits [1, V] after the last token."""
        tokens = np.asarray(request.prompt_tokens, dtype=np.int64)
        total = len(tokens)
        tally.reused_tokens = done = self._reuse(request, tokens)
        pace = _Pace(total)
        yield Progress(tokens_done=done, tokens_total=total, reused_tokens=done)
        hidden = None
        while done < total:
            chunk = tokens[done : done + self._chunk_tokens]
            started = time.perf_counter()
            hidden = self._read(chunk, request)
            pace.add(done, len(chunk), time.perf_counter() - started)
            done += len(chunk)
            yield Progress(
                tokens_done=done,
                tokens_total=total,
                reused_tokens=tally.reused_tokens,
                seconds_left=pace.seconds_left(done),
            )
        assert hidden is not None
        with _memory_failures_named():
            return self._network.logits(hidden[-1:])

    def _reuse(self, request: Request, tokens: np.ndarray) -> int:
        """Cut the cache to what the prompt shares with it, or with the disk; at least one token is left to read."""
        with _memory_failures_named():
            if request.saved_prefixes is not None:
                restored = self._store(request).restore(self._cache, tokens[:-1])
                _log.info("restored %d tokens from disk", restored)
            self._cache.truncate(self._cache.shared_prefix(tokens[:-1]))
            return self._cache.length

    def _read(self, tokens: np.ndarray, request: Request) -> Tensor:
        """Hidden states [T, H] of tokens that follow the cache."""
        with _memory_failures_named():
            ids = torch.from_numpy(tokens).to(self._network.device)
            return self._network.read(ids, self._cache, before_layer=_stop_check(request))

    # Writing the answer

    def _write(self, request: Request, logits: Tensor, tally: _Tally) -> Generator[Event, None, FinishReason]:
        sampler = Sampler(
            request.sampling,
            vocabulary=logits.shape[1],
            prompt_tokens=request.prompt_tokens,
            device=logits.device,
            constraint=request.constraint,
        )
        stream = TextStream(self.chat, opens_reasoning=request.opens_reasoning, stop_texts=request.stop_texts)
        longest = min(request.max_tokens, self.context_tokens - len(request.prompt_tokens))
        reason = FinishReason.LENGTH
        for token in self._tokens(request, sampler, logits, tally):
            tally.tokens += 1
            if token in self.chat.stop_tokens:
                reason = FinishReason.STOP
                break
            yield from stream.push(token)
            if stream.is_stopped:
                reason = FinishReason.STOP
                break
            if tally.tokens >= longest:
                break
        yield from stream.finish()
        return reason

    def _tokens(self, request: Request, sampler: Sampler, logits: Tensor, tally: _Tally) -> Iterator[int]:
        """Tokens one by one, without end; with drafts where these pay. `logits` [1, V]: of the first."""
        drafts = Drafts(request.constraint, request.prompt_tokens, may_look_up=request.sampling.is_greedy)
        token = _chosen(sampler, logits[0], request)
        while True:
            yield token
            drafts.take(token)
            draft = self._draft(drafts) if request.speculate and self._payoff.may_draft else []
            started = time.perf_counter()
            if not draft or self._cache.length + 1 + len(draft) > self.context_tokens:
                logits = self._step([token], request)
                self._payoff.single(time.perf_counter() - started)
                token = _chosen(sampler, logits[0], request)
                continue
            rows = self._step([token, *draft], request)
            accepted, following = yield from self._checked(sampler, rows, draft, request)
            tally.drafted_tokens += accepted
            for guess in draft[:accepted]:
                drafts.take(guess)
            token = self._after_draft(sampler, [token, *draft], accepted, following, request)
            self._payoff.checked(accepted, time.perf_counter() - started)

    def _draft(self, drafts: Drafts) -> list[int]:
        """A draft that one pass can check behind the token before it."""
        most = self._decoder.most_tokens
        return drafts.guess()[: most - 1 if most is not None else None]

    def _checked(
        self, sampler: Sampler, rows: Tensor, draft: list[int], request: Request
    ) -> Generator[int, None, tuple[int, int | None]]:
        """Hand out drafted tokens as long as they are chosen: how many, and what is chosen after them.

        None where greedy choice is a near tie: a pass over one token decides it, as it would without drafts.
        """
        for place in range(len(draft) + 1):
            if request.sampling.is_greedy and not self._is_clear(sampler, rows[place]):
                return place, None
            token = _chosen(sampler, rows[place], request)
            if place == len(draft) or token != draft[place]:
                return place, token
            yield token
        raise AssertionError("the place after the draft always ends it")

    def _after_draft(
        self, sampler: Sampler, read: list[int], accepted: int, following: int | None, request: Request
    ) -> int:
        """Forget the tokens that were not accepted; the one that follows the accepted ones."""
        surplus = len(read) - 1 - accepted
        self._cache.truncate(self._cache.length - surplus)
        if following is not None:
            return following
        self._cache.truncate(self._cache.length - 1)
        return _chosen(sampler, self._step([read[accepted]], request)[0], request)

    def _is_clear(self, sampler: Sampler, logits: Tensor) -> bool:
        return sampler.margin(logits) > _CLEAR_MARGIN.get(self._network.dtype, 0.25)

    def _step(self, tokens: list[int], request: Request) -> Tensor:
        """Read tokens; logits [len(tokens), V] after each."""
        check = _stop_check(request)
        check()
        with _memory_failures_named():
            return self._decoder.logits(tokens, before_layer=check)

    # Ending

    def _finished(self, request: Request, tally: _Tally, reason: FinishReason) -> Finished:
        now = time.perf_counter()
        prefilled = tally.prefilled or now
        return Finished(
            reason=reason,
            prompt_tokens=len(request.prompt_tokens),
            tokens=tally.tokens,
            reused_tokens=tally.reused_tokens,
            drafted_tokens=tally.drafted_tokens,
            prefill_seconds=prefilled - tally.started,
            decode_seconds=now - prefilled,
            peak_memory_bytes=_peak_memory_bytes(self._network.device),
        )

    def _store(self, request: Request) -> PrefixStore:
        assert request.saved_prefixes is not None
        return PrefixStore(request.saved_prefixes, self._prefix_key)

    def _drop_cache(self) -> None:
        self._cache.truncate(0)
        self._cache.release()
        gc.collect()
        if self._network.device.type == "cuda":
            torch.cuda.empty_cache()


class _Pace:
    """Seconds left from the chunks read so far: a token costs a constant plus a share for every token before it."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._chunks: list[tuple[float, float]] = []  # middle position, seconds a token

    def add(self, start: int, tokens: int, seconds: float) -> None:
        self._chunks.append((start + tokens / 2, seconds / tokens))

    def seconds_left(self, done: int) -> float:
        (first_at, first), (last_at, last) = self._chunks[0], self._chunks[-1]
        growth = max(0.0, (last - first) / (last_at - first_at)) if last_at > first_at else 0.0
        middle = (done + self._total) / 2
        return (self._total - done) * (last + growth * (middle - last_at))


def _chosen(sampler: Sampler, logits: Tensor, request: Request) -> int:
    """Choose and accept the next token, unless the request was stopped."""
    if _is_stopped(request):
        raise _Cancelled
    with _memory_failures_named():
        token = sampler.choose(logits)
    sampler.accept(token)
    return token


def _is_stopped(request: Request) -> bool:
    return request.stop_signal is not None and request.stop_signal.is_set()


def _stop_check(request: Request) -> Callable[[], None]:
    def check() -> None:
        if _is_stopped(request):
            raise _Cancelled

    return check


@contextmanager
def _memory_failures_named() -> Iterator[None]:
    """Say in a sentence that memory ran out. PyTorch on a CPU raises a bare RuntimeError for it."""
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
        if not isinstance(error, torch.OutOfMemoryError | MemoryError) and "allocate memory" not in str(error):
            raise
        raise OutOfMemoryError(
            "memory ran out while the model was reading; send less, or use a smaller context or --kv-cache int8"
        ) from error


def _restart_peak_memory(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)


def _peak_memory_bytes(device: torch.device) -> int:
    """The most that was held: on a GPU during this request, on a CPU by the process since it began."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024  # Linux counts in KiB
