"""An engine over tiny random weights, with the tiny tokenizer; other rooms may use it too."""

from __future__ import annotations

from collections.abc import Iterable

import torch

from model_runtime.cache import CacheKind
from model_runtime.chat import Chat, TextPiece
from model_runtime.config import ModelConfig, parse_config
from model_runtime.engine import Engine
from model_runtime.events import Event, Finished, Progress
from model_runtime.model import LoadedModel
from tests.model_runtime.plain_weights import plain_network
from tests.model_runtime.tiny_checkpoint import tiny_config, tiny_tensors, tiny_tokenizer


def tiny_model(*, seed: int = 0, dtype: torch.dtype = torch.float32, **changes: object) -> LoadedModel:
    """A loaded tiny model; `changes` go into its config.json."""
    fields = tiny_config(**changes)
    config: ModelConfig = parse_config(fields)
    network = plain_network(config, tiny_tensors(fields, seed=seed), dtype)
    return LoadedModel(network=network, config=config, fingerprint=f"tiny-{seed}", quantization="none")


def tiny_engine(
    model: LoadedModel | None = None,
    *,
    kv_cache: CacheKind = CacheKind.FLOAT32,
    chunk_tokens: int = 32,
    stop_tokens: Iterable[int] = (),
) -> Engine:
    """An engine that stops at no token unless told, so that answers have the length asked for."""
    chat = Chat(tiny_tokenizer(), frozenset(stop_tokens))
    return Engine(model or tiny_model(), chat, kv_cache=kv_cache, chunk_tokens=chunk_tokens)


def text_of(events: Iterable[Event]) -> str:
    """The answer without the reasoning."""
    return "".join(event.text for event in events if isinstance(event, TextPiece) and not event.is_reasoning)


def finished(events: Iterable[Event]) -> Finished:
    """The last event, of which there is one."""
    (last,) = [event for event in events if isinstance(event, Finished)]
    return last


def progress(events: Iterable[Event]) -> list[Progress]:
    """What was said before the first token."""
    return [event for event in events if isinstance(event, Progress)]
