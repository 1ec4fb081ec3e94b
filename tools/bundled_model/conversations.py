"""Conversations about invented records in the very words and form in which the assistant speaks to a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from assistant.conversation.line_breaks import joined_lines
from assistant.conversation.marks import without_marks
from assistant.prompts import fill, not_in_record
from model_runtime.chat import Chat, Message, Role
from tools.bundled_model.questions import Exchange
from tools.bundled_model.records import InventedRecord

_END = "<|role_end|>"


class Frame(StrEnum):
    """What stands around the record: nothing (to begin with), or the assistant's prompts."""

    BARE = "bare"
    WHOLE_RECORD = "whole record"
    PASSAGES = "passages"


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A conversation in tokens; `answers` are the half-open ranges that the network is to learn to write."""

    tokens: tuple[int, ...]
    answers: tuple[tuple[int, int], ...]


def example(
    chat: Chat, record: InventedRecord, exchanges: Sequence[Exchange], frame: Frame, *, earlier: int = 0
) -> Example:
    """The whole conversation; answers that only show, or came before the passages, are not learned."""
    messages = prompt_messages(record, exchanges, frame, earlier=earlier)
    tokens: list[int] = []
    answers: list[tuple[int, int]] = []
    text = chat.render(messages).removesuffix("<role>ASSISTANT</role>")
    head, *rest = text.split("<role>ASSISTANT</role>")
    tokens += chat.encode(head)
    for part in rest:
        answer, end, following = part.partition(_END)
        tokens += chat.encode("<role>ASSISTANT</role>")
        written = chat.encode(answer + end)
        answers.append((len(tokens), len(tokens) + len(written)))
        tokens += written + chat.encode(following)
    pairs = zip(answers[earlier:], exchanges[earlier:], strict=True)
    return Example(tokens=tuple(tokens), answers=tuple(place for place, exchange in pairs if exchange.is_learned))


def prompt_messages(
    record: InventedRecord, exchanges: Sequence[Exchange], frame: Frame, *, earlier: int = 0
) -> list[Message]:
    """The messages with all questions and all answers, as assistant.conversation.turns would have sent them.

    So many `earlier` questions were asked before the passages of this record were found.
    """
    listing = "\n\n".join(_listed(n, record) for n in range(1, len(record.pages) + 1))
    before, exchanges = exchanges[:earlier], exchanges[earlier:]
    first, *others = [fill("question", earlier="", question=exchange.question) for exchange in exchanges]
    if frame is Frame.BARE:
        opening = f"{listing}\n\n"
    elif frame is Frame.WHOLE_RECORD:
        opening = f"{fill('record', pages=listing)}\n{instructions()}\n"
    else:
        files = ", ".join(dict.fromkeys(page.file for page in record.pages))
        matter = fill("passages", pages_total=str(len(record.pages) * 3), files=files, passages=listing)
        opening = f"{matter}\n{instructions()}\n"
    system = [] if frame is Frame.BARE else [Message(role=Role.SYSTEM, content=fill("system"))]
    messages = list(system)
    for exchange in before:
        messages.append(Message(role=Role.USER, content=exchange.question))
        messages.append(Message(role=Role.ASSISTANT, content=" ".join(without_marks(exchange.answer).split())))
    messages.append(Message(role=Role.USER, content=opening + first))
    for exchange, following in zip(exchanges, [*others, None], strict=True):
        messages.append(Message(role=Role.ASSISTANT, content=exchange.answer))
        if following is not None:
            messages.append(Message(role=Role.USER, content=following))
    return messages


def instructions() -> str:
    """The instructions of every question."""
    return fill("instructions", not_in_record=not_in_record())


def _listed(n: int, record: InventedRecord) -> str:
    page = record.pages[n - 1]
    return f"[{n}] {page.file}, page 1 of 1\n{joined_lines(page.text.strip())}"
