"""One turn: a question in, reading progress and words as they come, a checked answer out.

The prompt begins with the record and ends with the question, so that the record's tokens are the same prefix in every
turn and in every conversation about it; what may change (instructions, history, question) stands after it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from assistant.conversation.budget import Budget, KeptTurns, most_passages, passages_that_fit, turns_that_fit
from assistant.conversation.checking import PageLookup, check_answer
from assistant.conversation.followups import search_query
from assistant.conversation.sources import ReadingMatter, found_passages, whole_record
from assistant.conversation.topics import broad_topic, telling_headings
from assistant.domain import Answer, Coverage, Hit, Page, PageRef, ReadingMode, Record
from assistant.errors import ModelAnswerError
from assistant.evidence.contradictions import documents_of
from assistant.evidence.coverage import Topic
from assistant.evidence.file_sign import is_searchable
from assistant.evidence.search_scope import WHOLE_RECORD, SearchScope
from assistant.language_models.answering import AnsweringModel, AnswerPiece
from assistant.prompts import fill, not_in_record


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerProgress:
    """What happens before and while the model writes; `done` of `total` tokens read where they are known."""

    stage: Literal["searching", "reading", "writing"]
    done: int = 0
    total: int | None = None
    seconds_left: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerText:
    """The answer and the reasoning so far, unchecked."""

    text: str
    reasoning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRecord:
    """A record as a turn reads it, within `scope`: its files, its pages, a search and a survey over them."""

    record: Record
    pages: Callable[[], Iterator[Page]]
    page_of: PageLookup
    record_tokens: int
    search: Callable[[str, int], tuple[Hit, ...]]
    survey: Callable[[Topic, int, int], tuple[Hit, ...]]
    scope: SearchScope = WHOLE_RECORD
    state_folder: Path | None = None
    files_waiting: int = 0


# Room that the whole record must leave for questions and answers.
CONVERSATION_TOKENS = 1_000
# A record of so many times the window may fit yet: what it copies forward is read once.
_MOST_COPIED = 2

NOTHING_READ = ReadingMatter(sources=(), prompt="")

TurnEvent = AnswerProgress | AnswerText


class Turn:
    """Answer one question. Iterate over `events()`; `answer()` then holds the checked answer, also after a stop."""

    def __init__(self, model: AnsweringModel, read: ReadRecord, history: Sequence[Answer], question: str) -> None:
        self._model = model
        self._read = read
        self._history = tuple(history)
        self._question = question.strip()
        self._matter: ReadingMatter | None = None
        self._mode = ReadingMode.RETRIEVAL
        self._prompt_tokens = 0
        self._text = ""
        self._reasoning = ""
        self._finished = False

    def events(self) -> Generator[TurnEvent, None, None]:
        """Search or read, then write; closing it stops the model. Raises ModelError."""
        yield AnswerProgress(stage="searching")
        messages = self._messages()
        yield AnswerProgress(stage="reading")
        quotable = {source.n: source.passage.text for source in self._require_matter().sources}
        for piece in self._model.stream(messages, state_folder=self._read.state_folder, quotable=quotable):
            yield self._taken(piece)
        if not self._text.strip():
            raise ModelAnswerError("the model answered with nothing; ask again, or in other words")
        self._finished = True

    @property
    def has_text(self) -> bool:
        """Whether the model has said anything yet."""
        return bool(self._text.strip())

    def answer(self) -> Answer:
        """The checked answer of what was written so far."""
        matter = self._matter or NOTHING_READ
        documents = documents_of(self._read.record)
        checked = check_answer(self._text.strip(), matter.sources, self._read.page_of, documents)
        return Answer(
            question=self._question,
            text=checked.text,
            mode=self._mode,
            statements=checked.statements,
            citations=checked.citations,
            coverage=coverage(self._model, self._read, matter, self._prompt_tokens),
            reasoning=self._reasoning.strip(),
            stopped=not self._finished,
            files_waiting=self._read.files_waiting,
            contradictions=checked.contradictions,
        )

    def _taken(self, piece: AnswerPiece) -> TurnEvent:
        self._text += piece.text
        self._reasoning += piece.reasoning
        if piece.progress and not piece.text:
            progress = piece.progress
            return AnswerProgress(
                stage="reading",
                done=progress.done_tokens,
                total=progress.total_tokens,
                seconds_left=progress.seconds_left,
            )
        return AnswerText(text=self._text, reasoning=self._reasoning)

    def _messages(self) -> list[BaseMessage]:
        budget = budget_of(self._model)
        self._matter = self._reading_matter(budget)
        fixed = [
            fill("system"),
            self._matter.prompt,
            _instructions(),
            fill("question", earlier="", question=self._question),
        ]
        kept = turns_that_fit(self._history, fixed, budget)
        messages = self._whole_record_messages(kept) if self._reads_whole else self._passage_messages(kept)
        self._prompt_tokens = budget.taken(*(str(message.content) for message in messages))
        return messages

    @property
    def _reads_whole(self) -> bool:
        return self._mode is ReadingMode.FULL_CONTEXT

    def _reading_matter(self, budget: Budget) -> ReadingMatter:
        whole = _whole_if_it_fits(self._read, budget) if self._model.reads_prompts else None
        if whole is not None:
            self._mode = ReadingMode.FULL_CONTEXT
            return whole
        return found_passages(self._read.record, passages_that_fit(self._hits(budget), budget), budget)

    def _hits(self, budget: Budget) -> tuple[Hit, ...]:
        """A broad question is answered from all documents of its topic, any other from the passages that answer it."""
        count = self._model.passages_per_question
        if topic := broad_topic(self._question):
            return self._read.survey(topic, count, most_passages(budget, count))
        return self._read.search(search_query(self._question, self._history), count)

    def _whole_record_messages(self, kept: KeptTurns) -> list[BaseMessage]:
        """System and record first, then the turns: nothing before the newest question ever changes."""
        opening = f"{self._require_matter().prompt}\n{_instructions()}\n"
        asked = [*(turn.question for turn in kept.whole), self._question]
        first = opening + fill("question", earlier=kept.shortened, question=asked[0])
        humans = [first, *(fill("question", earlier="", question=question) for question in asked[1:])]
        messages: list[BaseMessage] = [SystemMessage(fill("system")), HumanMessage(humans[0])]
        for turn, human in zip(kept.whole, humans[1:], strict=True):
            messages += [AIMessage(self._as_written(turn)), HumanMessage(human)]
        return messages

    def _as_written(self, turn: Answer) -> str:
        """A turn's answer with the page numbers of the prompt in place of its own citation numbers."""
        numbers = {source.page_ref: source.n for source in self._require_matter().sources}
        text = turn.text
        for citation in sorted(turn.citations, key=lambda citation: -citation.n):
            number = numbers.get(citation.span.page_ref)
            text = text.replace(f"[{citation.n}]", f"[\x00{number}]" if number else "")
        return text.replace("\x00", "")

    def _passage_messages(self, kept: KeptTurns) -> list[BaseMessage]:
        """Turns first, without the passages of their time; the passages of this question and the question last."""
        messages: list[BaseMessage] = [SystemMessage(fill("system"))]
        for turn in kept.whole:
            messages += [HumanMessage(turn.question), AIMessage(_without_numbers(turn))]
        matter = self._require_matter()
        question = fill("question", earlier=kept.shortened, question=self._question)
        content = f"{matter.prompt}\n{_instructions()}\n{question}"
        topic = broad_topic(self._question)
        extra = {
            "question": self._question,
            "history": [] if topic else [turn.question for turn in self._history],
            "topic_headings": sorted(telling_headings(topic)) if topic else [],
            "passages": [
                {"n": source.n, "file": source.page_ref.file, "text": source.passage.text} for source in matter.sources
            ],
        }
        return [*messages, HumanMessage(content, additional_kwargs={} if self._model.reads_prompts else extra)]

    def _require_matter(self) -> ReadingMatter:
        assert self._matter is not None
        return self._matter


def budget_of(model: AnsweringModel) -> Budget:
    """The window of `model`."""
    return Budget(
        context_tokens=model.description.context_tokens,
        answer_tokens=model.answer_tokens,
        count_tokens=model.count_tokens,
    )


def expected_reading(model: AnsweringModel, read: ReadRecord) -> tuple[ReadingMode, Coverage]:
    """How a question asked now would be answered. Retrieved pages depend on the question: none counts as read yet."""
    if not model.reads_prompts:
        return ReadingMode.RETRIEVAL, coverage(model, read, NOTHING_READ, 0)
    whole = _whole_if_it_fits(read, budget_of(model))
    if whole is None:
        return ReadingMode.RETRIEVAL, coverage(model, read, NOTHING_READ, 0)
    return ReadingMode.FULL_CONTEXT, coverage(model, read, whole, budget_of(model).taken(whole.prompt))


def coverage(model: AnsweringModel, read: ReadRecord, matter: ReadingMatter, prompt_tokens: int) -> Coverage:
    """What was read of the record. The extractive reader searches every page that has text and may be searched."""
    every = [PageRef(file=file.name, page=n + 1) for file in read.record.files for n in range(file.page_count)]
    seen = set(matter.pages) if model.reads_prompts else set(_searched_pages(read))
    return Coverage(
        record_tokens=read.record_tokens,
        context_tokens=model.description.context_tokens,
        prompt_tokens=prompt_tokens,
        pages_read=len(seen),
        pages_total=len(every),
        not_read=tuple(ref for ref in every if ref not in seen),
    )


def _searched_pages(read: ReadRecord) -> Iterator[PageRef]:
    for file in filter(is_searchable, read.record.files):
        for page in range(1, file.page_count + 1):
            is_read = page not in file.unread_pages and page not in file.waiting_pages
            if is_read and read.scope.holds_page(file, page):
                yield PageRef(file=file.name, page=page)


def _pages_in_scope(read: ReadRecord) -> Iterator[Page]:
    files = {file.name: file for file in read.record.files}
    return (
        page for page in read.pages() if page.file in files and read.scope.holds_page(files[page.file], page.number)
    )


def _whole_if_it_fits(read: ReadRecord, budget: Budget) -> ReadingMatter | None:
    """The whole record, if it fits the window with the instructions and some room for a conversation."""
    if read.scope.is_whole and read.record_tokens > budget.prompt_tokens * _MOST_COPIED:
        return None
    whole = whole_record(read.record, _pages_in_scope(read))
    if read.scope.is_whole and read.record_tokens * whole.shown_share > budget.prompt_tokens:  # spares counting it
        return None
    fits = budget.holds(fill("system"), whole.prompt, _instructions(), spare_tokens=CONVERSATION_TOKENS)
    return whole if whole.sources and fits else None


def _instructions() -> str:
    return fill("instructions", not_in_record=not_in_record())


def _without_numbers(turn: Answer) -> str:
    return " ".join(statement.text for statement in turn.statements) or turn.text
