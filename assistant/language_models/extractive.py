"""Answer with no weights at all: quote the sentences of the record that answer, or say that the record does not."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from numpy.typing import NDArray
from pydantic import ConfigDict, PrivateAttr

from assistant.evidence.encoder import Encoder
from assistant.language_models.answering import AnsweringModel, ModelDescription
from assistant.language_models.asked import understand
from assistant.language_models.best_sentences import best_sentences
from assistant.language_models.candidates import Candidate, NumberedPassage
from assistant.language_models.topical_rows import topical_rows
from assistant.prompts import not_in_record


@runtime_checkable
class EncodesTexts(Protocol):
    """Texts to unit vectors, float32 [texts, dimensions]."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of `texts` in their order."""
        ...


MODEL_NAME = "extractive-reader"
_CONTEXT_TOKENS = 32_768
"""Room for the passages below; the reader itself has no window."""
_PASSAGES = 80
_KEPT_VECTORS = 20_000
"""384 float32 each: 30 MB."""
_QUOTATION_MARKS = re.compile('["“”„«»]')
_PAIRED = re.compile(r"(?<![\w\"])[\"“„«]([^\"“”„«»'\n]{1,400})[\"”»](?!\w)")
_BULLETS = "•▪◦‣*- "
_LONGEST_QUOTE = 1_500
_WORD = re.compile(r"\w+|[^\w\s]")


class ExtractiveReader(BaseChatModel):
    """A chat model that only quotes.

    The last human message carries, in `additional_kwargs`, `question`, `passages` ([{"n", "file", "text"}], best
    first) and `history` (earlier questions). The answer is one to three lines `"quote" [n]`, or the sentence that says
    that the record does not hold the answer. To a broad question, one with `topic_headings` (stems), it adds what
    stands under such headings.
    """

    encoder: EncodesTexts
    model: str = MODEL_NAME

    model_config = ConfigDict(arbitrary_types_allowed=True)
    _vectors: dict[str, NDArray[np.float32]] = PrivateAttr(default_factory=dict)

    @property
    def _llm_type(self) -> str:
        return MODEL_NAME

    @property
    def _identifying_params(self) -> Mapping[str, Any]:
        return {"model": self.model}

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002  (the contract of BaseChatModel)
        **kwargs: Any,  # noqa: ARG002
    ) -> ChatResult:
        text = _stopped("\n".join(self._lines(messages)), stop)
        message = AIMessage(content=text, usage_metadata=_usage(messages, text), response_metadata=self._metadata())
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,  # noqa: ARG002
    ) -> Iterator[ChatGenerationChunk]:
        written = ""
        for line in self._lines(messages):
            whole = _stopped(f"{written}\n{line}" if written else line, stop)
            piece, written = whole[len(written) :], whole
            if piece:
                yield _chunk(AIMessageChunk(content=piece), run_manager)
        usage = _usage(messages, written)
        last = AIMessageChunk(content="", usage_metadata=usage, response_metadata=self._metadata())
        yield _chunk(last, run_manager)

    def _lines(self, messages: Sequence[BaseMessage]) -> Iterator[str]:
        """The lines of the answer, each found before it is given."""
        asked = next((message for message in reversed(messages) if isinstance(message, HumanMessage)), None)
        extra = asked.additional_kwargs if asked else {}
        question = str(extra.get("question") or (asked.text if asked else ""))
        passages = [
            NumberedPassage(n=int(each["n"]), text=str(each["text"]), file=str(each.get("file", "")))
            for each in extra.get("passages", ())
        ]
        history = [str(earlier) for earlier in extra.get("history", ())]
        best = best_sentences(understand(question, history), passages, self._encode) if passages else ()
        rows = topical_rows(frozenset(extra.get("topic_headings", ())), passages)
        found = dict.fromkeys(f'"{_quotable(each)}" [{each.n}]' for each in (*best, *rows))
        yield from found
        if not found:
            yield not_in_record()

    def _encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of `texts`, those of earlier questions' sentences remembered."""
        known = self._vectors  # another thread may put a new one in its place at any moment
        new = [text for text in dict.fromkeys(texts) if text not in known]
        needed = {text: known[text] for text in texts if text in known}
        if new:
            needed.update(zip(new, self.encoder.encode(new), strict=True))
        self._vectors = needed if len(known) + len(new) > _KEPT_VECTORS else {**known, **needed}
        return np.stack([needed[text] for text in texts])

    def forget(self) -> None:
        """Drop the remembered sentences: to be called when a record is deleted."""
        self._vectors = {}

    def _metadata(self) -> dict[str, Any]:
        return {"model_name": self.model}


def open_extractive_reader(encoder: Encoder) -> AnsweringModel:
    """The reader as the conversation uses it."""
    reader = ExtractiveReader(encoder=encoder)
    return AnsweringModel(
        chat=reader,
        description=ModelDescription(
            name="Extractive reader",
            badge="Quotes only, no language model",
            limits=(
                "It finds the sentences of the record that answer a question and quotes them. It does not reason, sum"
                " up or compare, and it misses answers that are worded very differently from the question."
            ),
            context_tokens=_CONTEXT_TOKENS,
        ),
        count_tokens=count_tokens,
        explain=lambda _: None,
        reads_prompts=False,
        forget=reader.forget,
        answer_tokens=512,
        passages_per_question=_PASSAGES,
    )


def count_tokens(text: str) -> int:
    """Words and punctuation marks: the reader has no vocabulary of its own."""
    return sum(1 for _ in _WORD.finditer(text))


def _quotable(candidate: Candidate) -> str:
    """The candidate with its own quotations in single marks; of marks without a partner, the longest part between."""
    nested = _PAIRED.sub(r"'\1'", candidate.text.lstrip(_BULLETS))
    part = max(_QUOTATION_MARKS.split(nested), key=len).strip()
    return part if len(part) <= _LONGEST_QUOTE else part[:_LONGEST_QUOTE].rsplit(" ", 1)[0]


def _stopped(text: str, stop: Sequence[str] | None) -> str:
    """`text` up to the first of the stop sequences."""
    ends = [at for sequence in stop or () if (at := text.find(sequence)) >= 0]
    return text[: min(ends, default=len(text))]


def _chunk(message: AIMessageChunk, run_manager: CallbackManagerForLLMRun | None) -> ChatGenerationChunk:
    chunk = ChatGenerationChunk(message=message)
    if run_manager and chunk.text:
        run_manager.on_llm_new_token(chunk.text, chunk=chunk)
    return chunk


def _usage(messages: Sequence[BaseMessage], written: str) -> UsageMetadata:
    read = sum(count_tokens(str(message.text)) for message in messages)
    return UsageMetadata(input_tokens=read, output_tokens=(wrote := count_tokens(written)), total_tokens=read + wrote)
