"""Measure prefill, decode, first token and peak memory of a loaded model."""

from __future__ import annotations

import resource
import statistics
import sys
import time
from dataclasses import asdict, dataclass

import torch

from model_runtime.cache import CacheKind, KeyValueCache
from model_runtime.config import ModelConfig
from model_runtime.decoding import Decoder
from model_runtime.errors import RequestError
from model_runtime.model import LoadedModel

_DECODED_TOKENS = 24
_WARM_UP_TOKENS = 16
_CHUNK_TOKENS = {"cpu": 2048, "cuda": 8192}  # the engine's


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One line of `bench`. `context`: tokens in the cache when decoding begins, the prompt among them."""

    shape: str
    device: str
    quantize: str
    context: int
    prompt: int
    prefill_tokens_per_second: float
    decode_tokens_per_second: float
    first_token_seconds: float
    peak_memory_bytes: int

    def as_json(self) -> dict[str, object]:
        """The object that `bench --json` prints."""
        return asdict(self)


def context_needed(context: int, prompt: int) -> int:
    """The window that a measurement takes."""
    return max(context, prompt + _DECODED_TOKENS)


def measure(
    model: LoadedModel, *, shape: str, quantize: str, kv_cache: CacheKind, context: int, prompt: int
) -> Measurement:
    """Read a random prompt behind context - prompt random cache entries, then decode; decode speed is the median's.

    Raises RequestError if context and prompt do not fit each other or the model's window.
    """
    _check(model.config, context, prompt)
    network = model.network
    cache = KeyValueCache(model.config, kv_cache, device=network.device, dtype=network.dtype)
    source = torch.Generator().manual_seed(context + prompt)
    tokens = torch.randint(model.config.vocab_size, (prompt,), generator=source).to(network.device)
    network.read(tokens[:_WARM_UP_TOKENS], cache)
    cache.truncate(0)
    _fill(cache, model, max(0, min(context, model.config.context_tokens - _DECODED_TOKENS) - prompt))
    started = _now(network.device)
    step = model.offloaded.chunk_tokens if model.offloaded is not None else _CHUNK_TOKENS[network.device.type]
    for start in range(0, prompt, step):
        hidden = network.read(tokens[start : start + step], cache)
    token = network.logits(hidden[-1:]).argmax(dim=1)
    first_token_seconds = _now(network.device) - started
    cache.reserve(cache.length + _DECODED_TOKENS)  # so that nothing grows while it is timed
    decoder = Decoder(model, cache)
    times = []
    for _ in range(_DECODED_TOKENS):
        started = _now(network.device)
        token = decoder.logits([int(token)]).argmax(dim=1)
        times.append(_now(network.device) - started)
    return Measurement(
        shape=shape,
        device=network.device.type,
        quantize=quantize,
        context=max(context, prompt),
        prompt=prompt,
        prefill_tokens_per_second=prompt / first_token_seconds,
        decode_tokens_per_second=1 / statistics.median(times),
        first_token_seconds=first_token_seconds,
        peak_memory_bytes=_peak_memory_bytes(network.device),
    )


def _check(config: ModelConfig, context: int, prompt: int) -> None:
    if prompt < 1:
        raise RequestError(f"a prompt of {prompt} tokens cannot be measured; ask for at least 1")
    if context_needed(context, prompt) > config.context_tokens:
        raise RequestError(
            f"context {context:,} and prompt {prompt:,} (and {_DECODED_TOKENS} tokens to decode) do not fit "
            f"the window of {config.context_tokens:,} tokens; ask for less"
        )


@torch.inference_mode()
def _fill(cache: KeyValueCache, model: LoadedModel, count: int) -> None:
    """Random keys and values for `count` tokens: what they are does not change the time that reading them takes."""
    if count == 0:
        return
    config, network = model.config, model.network
    cache.reserve(count)
    shape = (count, config.num_key_value_heads, config.head_dim)
    entries = torch.randn(shape, device=network.device).to(network.dtype)
    for layer in range(config.num_hidden_layers):
        cache.write(layer, entries, entries)
    cache.advance(torch.zeros(count, dtype=torch.int64, device=network.device))


def _now(device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


def _peak_memory_bytes(device: torch.device) -> int:
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # Linux counts in KiB
