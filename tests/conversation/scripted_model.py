"""An answering model that says what a test wrote, so that what is under test is the conversation and not the model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from assistant.errors import ModelError
from assistant.language_models.answering import AnsweringModel, ModelDescription


class ScriptedChat(BaseChatModel):
    """Answers with `script(messages)`, a few characters at a time, and remembers what it was sent."""

    script: Callable[[list[BaseMessage]], str]
    sent: list[list[BaseMessage]]
    pieces_given: int = 0

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=AIMessage(self.script(messages)))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        self.sent.append(messages)
        answer = self.script(messages)
        for start in range(0, len(answer), 7):
            self.pieces_given += 1
            yield ChatGenerationChunk(message=AIMessageChunk(content=answer[start : start + 7]))


def scripted(
    *answers: str, context_tokens: int = 100_000, reads_prompts: bool = True, answer_tokens: int = 500
) -> AnsweringModel:
    """A model that gives `answers` in turn (the last one again and again), counting words as tokens."""
    given: list[str] = []

    def next_answer(_: Sequence[BaseMessage]) -> str:
        given.append(answers[min(len(given), len(answers) - 1)])
        return given[-1]

    return AnsweringModel(
        chat=ScriptedChat(script=next_answer, sent=[]),
        description=ModelDescription(name="scripted", badge="scripted", limits="", context_tokens=context_tokens),
        count_tokens=lambda text: len(text.split()),
        explain=_nothing,
        reads_prompts=reads_prompts,
        answer_tokens=answer_tokens,
    )


def sent(model: AnsweringModel) -> list[list[BaseMessage]]:
    """The messages of every request so far."""
    assert isinstance(model.chat, ScriptedChat)
    return model.chat.sent


def pieces_given(model: AnsweringModel) -> int:
    """Pieces that the model was asked for so far."""
    assert isinstance(model.chat, ScriptedChat)
    return model.chat.pieces_given


def _nothing(_: Exception) -> ModelError | None:
    return None
