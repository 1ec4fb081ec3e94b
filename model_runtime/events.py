"""What a request looks like, and the events of its answer."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from model_runtime.chat import TextPiece
from model_runtime.prefixes import SavedPrefixes
from model_runtime.sampling import Constraint, SamplingSettings

LONGEST_ANSWER_TOKENS = 16_384  # AntAngelMed's card


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One answer to be written.

    `prompt_tokens` and `opens_reasoning` are those of `chat.Prompt`. `stop_signal` may be set from another thread.
    `speculate` allows drafts: greedy text is the same without, drawn text has the same chances. `saved_prefixes` names
    where the prefix is kept on disk.
    """

    prompt_tokens: Sequence[int]
    opens_reasoning: bool = False
    max_tokens: int = LONGEST_ANSWER_TOKENS
    sampling: SamplingSettings = field(default_factory=SamplingSettings)
    stop_texts: tuple[str, ...] = ()
    constraint: Constraint | None = None
    speculate: bool = True
    saved_prefixes: SavedPrefixes | None = None
    stop_signal: threading.Event | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where a request stands before its first token.

    `queue_place`: requests before this one, 0 when it is being served. Of `tokens_total` prompt tokens `tokens_done`
    are read, `reused_tokens` of them without work. `seconds_left` is None until there is something to judge by.
    """

    tokens_done: int
    tokens_total: int
    reused_tokens: int = 0
    seconds_left: float | None = None
    queue_place: int = 0


class FinishReason(StrEnum):
    """Why an answer ended."""

    STOP = "stop"  # a stop token or a stop text
    LENGTH = "length"  # max_tokens, or the end of the context
    CANCELLED = "cancelled"  # the stop signal


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """The last event. `tokens`: of the answer, with reasoning and stop token; `drafted_tokens` of them came cheaper."""

    reason: FinishReason
    prompt_tokens: int
    tokens: int
    reused_tokens: int
    drafted_tokens: int
    prefill_seconds: float
    decode_seconds: float
    peak_memory_bytes: int


Event = Progress | TextPiece | Finished
