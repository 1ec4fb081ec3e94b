"""A BailingMoeV2 checkpoint on this machine as the answering model: LangChain's seam over `model_runtime`."""

from __future__ import annotations

import threading
from collections.abc import Generator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import torch
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.chat_models import generate_from_stream
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage, SystemMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from pydantic import ConfigDict, PrivateAttr

from assistant.errors import ContextExceededError, ModelAnswerError, ModelError, ModelUnavailableError
from assistant.language_models.answering import AnsweringModel, ModelDescription
from assistant.language_models.quoting import QuotingDesk, VerbatimQuotes
from assistant.settings import Settings
from model_runtime.cache import CacheKind
from model_runtime.chat import Chat, Message, Role, TextPiece
from model_runtime.checkpoint import Checkpoint, Form, Quantize
from model_runtime.engine import Engine
from model_runtime.errors import ContextTooLongError, ModelRuntimeError, RequestError
from model_runtime.events import Event, Finished, Progress, Request
from model_runtime.hub import model_folder
from model_runtime.loader import Precision, load_model
from model_runtime.prefixes import SavedPrefixes
from model_runtime.sampling import Constraint, SamplingSettings, sampling_of

ANSWER_TOKENS = 4_096
_ROLES: Mapping[type[BaseMessage], Role] = {
    SystemMessage: Role.SYSTEM,
    HumanMessage: Role.USER,
    AIMessage: Role.ASSISTANT,
    AIMessageChunk: Role.ASSISTANT,
}


class BundledRuntime(BaseChatModel):
    """The engine as a chat model. Unset numbers are those of AntAngelMed's card.

    A stream carries progress as empty chunks with `response_metadata["progress"]`: `done_tokens`, `total_tokens`,
    `reused_tokens`, `seconds_left`, `queue_place`. Reasoning is in `additional_kwargs["reasoning_content"]`, never in
    the content. One call takes, besides the fields below, `prefix_folder` (where the read prefix is kept on disk),
    `quotable` (the texts that alone may stand between quotation marks, by the numbers that cite them), `constraint` and
    `stop_signal`.
    """

    engine: Engine
    model: str = "model-runtime"
    temperature: float = SamplingSettings().temperature
    top_p: float = SamplingSettings().top_p
    top_k: int = SamplingSettings().top_k
    repetition_penalty: float = SamplingSettings().repetition_penalty
    seed: int | None = None
    max_tokens: int = ANSWER_TOKENS
    stop: list[str] | None = None
    thinking: bool = False
    _desk: QuotingDesk | None = PrivateAttr(default=None)

    model_config = ConfigDict(arbitrary_types_allowed=True)

    @property
    def context_tokens(self) -> int:
        """The window: prompt and answer together."""
        return self.engine.context_tokens

    def count_tokens(self, text: str) -> int:
        """Tokens of `text` with the model's own tokenizer."""
        return self.engine.chat.count_tokens(text)

    def forget(self) -> None:
        """Drop what was read, and its memory: to be called when a record is deleted."""
        if self._desk is not None:
            self._desk.forget()
        self.engine.forget()

    def get_num_tokens(self, text: str) -> int:
        """LangChain's name for it; without this it would look for GPT-2's tokenizer on the hub."""
        return self.count_tokens(text)

    @property
    def _llm_type(self) -> str:
        return "model-runtime"

    @property
    def _identifying_params(self) -> Mapping[str, Any]:
        return {"model": self.model, "context_tokens": self.context_tokens}

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return generate_from_stream(self._stream(messages, stop, run_manager, **kwargs))

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Generator[ChatGenerationChunk, None, None]:
        request = self._request(messages, stop, kwargs)
        with closing(cast("Generator[Event, None, None]", self.engine.generate(request))) as events:
            for event in events:
                chunk = ChatGenerationChunk(message=self._message(event))
                if run_manager is not None and chunk.text:
                    run_manager.on_llm_new_token(chunk.text, chunk=chunk)
                yield chunk

    def _request(self, messages: list[BaseMessage], stop: list[str] | None, call: Mapping[str, Any]) -> Request:
        """`call` holds what this one call sets otherwise than the model."""
        prompt = self.engine.chat.prompt(
            [_spoken(message) for message in messages], thinking=call.get("thinking", self.thinking)
        )
        folder: Path | None = call.get("prefix_folder")
        constraint: Constraint | None = call.get("constraint")
        quotable: Mapping[int, str] = call.get("quotable") or {}
        if constraint is None and quotable:
            constraint = self._quoting(quotable, opens_reasoning=prompt.opens_reasoning)
        stop_signal: threading.Event | None = call.get("stop_signal")
        return Request(
            prompt_tokens=prompt.tokens,
            opens_reasoning=prompt.opens_reasoning,
            max_tokens=call.get("max_tokens") or self.max_tokens,
            sampling=SamplingSettings(
                temperature=call.get("temperature", self.temperature),
                top_p=call.get("top_p", self.top_p),
                top_k=call.get("top_k", self.top_k),
                repetition_penalty=call.get("repetition_penalty", self.repetition_penalty),
                seed=call.get("seed", self.seed),
            ),
            stop_texts=tuple(stop if stop is not None else self.stop or ()),
            constraint=constraint,
            saved_prefixes=SavedPrefixes(folder=Path(folder)) if folder is not None else None,
            stop_signal=stop_signal,
        )

    def _quoting(self, quotable: Mapping[int, str], *, opens_reasoning: bool) -> Constraint | None:
        """What keeps quotations to the words of these texts."""
        desk = self._desk or QuotingDesk(self.engine.vocabulary(), self.engine.chat.encode)
        self._desk = desk
        rules = desk.rules(quotable)
        return None if rules is None else VerbatimQuotes(rules, opens_reasoning=opens_reasoning)

    def _message(self, event: Event) -> AIMessageChunk:
        if isinstance(event, TextPiece) and event.is_reasoning:
            return AIMessageChunk(content="", additional_kwargs={"reasoning_content": event.text})
        if isinstance(event, TextPiece):
            return AIMessageChunk(content=event.text)
        if isinstance(event, Progress):
            return AIMessageChunk(content="", response_metadata={"progress": _report(event)})
        return AIMessageChunk(
            content="",
            chunk_position="last",
            usage_metadata=_usage(event),
            response_metadata={
                "model_name": self.model,
                "finish_reason": str(event.reason),
                "prefill_seconds": event.prefill_seconds,
                "decode_seconds": event.decode_seconds,
                "peak_memory_bytes": event.peak_memory_bytes,
            },
        )


def open_checkpoint(model: str, settings: Settings) -> AnsweringModel:
    """Load a folder or hub id. Raises ModelUnavailableError in a sentence for one that can't be run."""
    try:
        folder = model_folder(model)
        is_four_bit = Checkpoint(folder).form is Form.NF4
        loaded = load_model(
            folder,
            precision=Precision.NF4,
            quantize=None if is_four_bit else Quantize(settings.quantize),  # a 4-bit folder says it itself
            device="cuda" if torch.cuda.is_available() else "cpu",
            context_tokens=settings.context_tokens,
            kv_cache=CacheKind(settings.kv_cache),
        )
        engine = Engine(loaded, Chat.from_folder(folder), kv_cache=CacheKind(settings.kv_cache))
        sampling = sampling_of(folder)
    except ModelRuntimeError as failure:
        raise ModelUnavailableError(str(failure)) from failure
    name = model.rstrip("/").rsplit("/", 1)[-1]
    answer_tokens = min(ANSWER_TOKENS, engine.context_tokens // 4)
    chat = BundledRuntime(
        engine=engine,
        model=name,
        max_tokens=answer_tokens,
        temperature=sampling.temperature,
        top_p=sampling.top_p,
        top_k=sampling.top_k,
        repetition_penalty=sampling.repetition_penalty,
    )
    return AnsweringModel(
        chat=chat,
        description=ModelDescription(
            name=name,
            badge=f"{name} · on this machine",
            limits="The record stays on this machine. A model can be wrong: open the page behind each sentence.",
            context_tokens=engine.context_tokens,
        ),
        count_tokens=chat.count_tokens,
        explain=explain,
        answer_tokens=answer_tokens,
        remembers=True,
        forget=chat.forget,
    )


def explain(failure: Exception) -> ModelError | None:
    """The sentence for a failure of the runtime, or None for a failure of our own."""
    if isinstance(failure, ContextTooLongError):
        return ContextExceededError(str(failure))
    if isinstance(failure, ModelRuntimeError):
        return ModelAnswerError(str(failure))
    return None


class _LastWins(int):
    """A number of a progress report. LangChain adds numbers up when it joins chunks; here the later one replaces."""

    def __add__(self, later: int) -> int:
        return later


def _report(progress: Progress) -> dict[str, int | None]:
    seconds_left = progress.seconds_left
    return {
        "done_tokens": _LastWins(progress.tokens_done),
        "total_tokens": _LastWins(progress.tokens_total),
        "reused_tokens": _LastWins(progress.reused_tokens),
        "seconds_left": None if seconds_left is None else _LastWins(round(seconds_left)),
        "queue_place": _LastWins(progress.queue_place),
    }


def _usage(end: Finished) -> UsageMetadata:
    return UsageMetadata(
        input_tokens=end.prompt_tokens,
        output_tokens=end.tokens,
        total_tokens=end.prompt_tokens + end.tokens,
        input_token_details={"cache_read": end.reused_tokens},
    )


def _spoken(message: BaseMessage) -> Message:
    role = _ROLES.get(type(message))
    if role is None:
        raise RequestError(f"a message of type {message.type!r} can't be sent to this model; send system, human or ai")
    return Message(role=role, content=message.text)
