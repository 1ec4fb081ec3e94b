"""One opened model as the conversation uses it: its name, its window, its tokens, and its answer piece by piece."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage

from assistant.errors import ModelError
from assistant.language_models.waiting import with_ticks


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelDescription:
    """What the page says of the answering model: its name, a short badge, and what it is good for."""

    name: str
    badge: str
    limits: str
    context_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingProgress:
    """How far the model has read its prompt; `reused_tokens` were known from an earlier question."""

    done_tokens: int
    total_tokens: int
    reused_tokens: int = 0
    seconds_left: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerPiece:
    """A piece of an answer as it comes: text, reasoning, or progress of reading."""

    text: str = ""
    reasoning: str = ""
    progress: ReadingProgress | None = None


STILL_READING = AnswerPiece(progress=ReadingProgress(done_tokens=0, total_tokens=0))


def _keeps_nothing() -> None:
    """For models that hold nothing of a record between two questions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweringModel:
    """A chat model with what the conversation must know of it.

    `reads_prompts` is False for the extractive reader: it takes passages beside the prompt and never the whole record.
    `remembers` is True for the runtime on this machine: it keeps what it has read of a record in the record's folder,
    and quotes nothing but the words that it was given to quote.
    `may_be_silent` is True for a server: it is awaited in a thread, and can be stopped while nothing comes.
    `forget` drops what it still holds in memory of any record.
    `explain` turns an exception of the model's own libraries into a ModelError, or None if it does not know it.
    """

    chat: BaseChatModel
    description: ModelDescription
    count_tokens: Callable[[str], int]
    explain: Callable[[Exception], ModelError | None]
    reads_prompts: bool = True
    remembers: bool = False
    may_be_silent: bool = False
    forget: Callable[[], None] = _keeps_nothing
    answer_tokens: int = 4_096
    passages_per_question: int = 40

    def stream(
        self,
        messages: Sequence[BaseMessage],
        *,
        state_folder: Path | None = None,
        quotable: Mapping[int, str] | None = None,
    ) -> Iterator[AnswerPiece]:
        """Answer piece by piece; closing the iterator stops the model. Raises ModelError.

        `state_folder` is where a model that remembers keeps what it has read, for the next question or the next start;
        `quotable` are the texts whose words alone it may put between quotation marks, by the numbers that cite them.
        A model that may be silent gives pieces without words while it is.
        """
        silence = STILL_READING
        try:
            with closing(self._chunks(messages, self._options(state_folder, quotable))) as chunks:
                for chunk in chunks:
                    if chunk is None:
                        yield silence
                    elif piece := _piece(chunk):
                        silence = AnswerPiece()
                        yield piece
        except Exception as failure:
            error = self.explain(failure)
            if error is None:
                raise
            raise error from None

    def _options(self, state_folder: Path | None, quotable: Mapping[int, str] | None) -> dict[str, Any]:
        """What this one call tells a model that remembers."""
        if not self.remembers:
            return {}
        return {"quotable": dict(quotable or {})} | ({"prefix_folder": state_folder} if state_folder else {})

    def _chunks(
        self, messages: Sequence[BaseMessage], options: Mapping[str, Any]
    ) -> Generator[BaseMessage | None, None, None]:
        """The model's own messages; None while a model that may be silent is."""
        if self.may_be_silent:
            yield from with_ticks(lambda: self.chat.stream(list(messages), **options))
        else:
            yield from self.chat.stream(list(messages), **options)


def _piece(chunk: BaseMessage) -> AnswerPiece | None:
    if not isinstance(chunk, AIMessageChunk):
        return None
    progress = chunk.response_metadata.get("progress")
    piece = AnswerPiece(
        text=_text(chunk),
        reasoning=str(chunk.additional_kwargs.get("reasoning_content") or ""),
        progress=_progress(progress) if progress else None,
    )
    return piece if piece.text or piece.reasoning or piece.progress else None


def _text(chunk: AIMessageChunk) -> str:
    if isinstance(chunk.content, str):
        return chunk.content
    blocks = (block for block in chunk.content if isinstance(block, dict))
    return "".join(str(block.get("text", "")) for block in blocks if block.get("type") == "text")


def _progress(report: Mapping[str, object]) -> ReadingProgress:
    seconds_left = report.get("seconds_left")
    return ReadingProgress(
        done_tokens=int(str(report.get("done_tokens", 0))),
        total_tokens=int(str(report.get("total_tokens", 0))),
        reused_tokens=int(str(report.get("reused_tokens", 0))),
        seconds_left=float(str(seconds_left)) if seconds_left is not None else None,
    )
