"""The verbs that the page, the command line and the tests call, on the records of one data directory."""

from __future__ import annotations

import shutil
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from assistant.clinical.coded_overview import coded_overview
from assistant.clinical.overview import Overview
from assistant.conversation.summaries import SummaryProgress, summarize
from assistant.conversation.turns import AnswerProgress, AnswerText, ReadRecord, Turn, expected_reading
from assistant.domain import (
    Answer,
    Conversation,
    Coverage,
    Hit,
    Page,
    PageRef,
    ReadingMode,
    Record,
    SourceFile,
    Summary,
)
from assistant.errors import QuestionError, RecordNotFoundError
from assistant.evidence.search_scope import WHOLE_RECORD, SearchScope
from assistant.evidence.verification import Verifier
from assistant.indexes import Indexes
from assistant.ingestion.limits import Limits
from assistant.ingestion.pictures import page_picture
from assistant.ingestion.reading import Upload
from assistant.intake import FileProgress, recognize_scans, take_in, take_in_unlocked
from assistant.language_models.answering import AnsweringModel, ModelDescription
from assistant.library.audit import AuditLog, Verb
from assistant.library.record_store import StoredRecord
from assistant.library.store import Library
from assistant.prompts import fill
from assistant.understanding.patient import find_patient

SAMPLE_RECORD = Path(__file__).resolve().parents[1] / "assets" / "sample_record"
LONGEST_QUESTION_CHARACTERS = 20_000
_TITLE_CHARACTERS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerDone:
    """The turn is over and kept: `conversation.turns[turn]` is the checked answer."""

    conversation: Conversation
    turn: int


AnswerEvent = AnswerProgress | AnswerText | AnswerDone


class Service:
    """Everything a visitor can do. Methods may be called from several threads."""

    def __init__(
        self, library: Library, indexes: Indexes, model: AnsweringModel, limits: Limits, audit: AuditLog
    ) -> None:
        self._library = library
        self._audit = audit
        self._indexes = indexes
        self._model = model
        self._limits = limits
        self._waiting: Counter[str] = Counter()  # record -> files on their way in
        self._record_tokens: dict[tuple[str, ...], int] = {}

    @property
    def model(self) -> ModelDescription:
        """Who answers, and what it is good for."""
        return self._model.description

    def records(self) -> tuple[Record, ...]:
        """All records, newest first."""
        return self._library.records()

    def create_record(self, title: str = "") -> Record:
        """A new, empty record."""
        record = self._library.create(title).record()
        self._audit.note(Verb.CREATE, record.id)
        return record

    def record(self, record_id: str) -> Record:
        """What a record holds now. Raises RecordNotFoundError."""
        return self._library.open(record_id).record()

    def rename_record(self, record_id: str, title: str) -> Record:
        """Give a record another title."""
        stored = self._library.open(record_id)
        self._audit.note(Verb.RENAME, record_id)
        return stored.rename(title)

    def delete_record(self, record_id: str) -> None:
        """Delete a record's folder: originals, pages, index, conversations."""
        with self._indexes.busy(record_id):
            self._indexes.close(record_id)
            self._library.delete(record_id)
        self._model.forget()
        self._audit.note(Verb.DELETE, record_id)

    def add_files(
        self, record_id: str, uploads: Sequence[Upload], *, keep_duplicates: bool = False, asks: bool = True
    ) -> Iterator[FileProgress]:
        """Read, store and index files, with progress. Closing it cancels; finished files stay.

        A file that seems to be another patient's is put on hold if `asks`, else it has a warning.
        """
        stored = self._library.open(record_id)
        self._audit.note(Verb.ADD_FILE, record_id)
        self._waiting[record_id] += (waiting := len(uploads))
        try:
            steps = take_in(stored, uploads, self._limits, self._indexes, keep_duplicates=keep_duplicates, asks=asks)
            with closing(steps) as progress:
                for step in progress:
                    if step.stage in ("done", "failed"):
                        waiting -= 1
                        self._waiting[record_id] -= 1
                    yield step
        finally:
            self._waiting[record_id] -= waiting
        self._name_after_patient(stored)

    def sample_record_uploads(self) -> tuple[Upload, ...]:
        """The files of the sample record, in the order of their names."""
        return tuple(Upload(name=path.name, path=path) for path in sorted(SAMPLE_RECORD.glob("*.pdf")))

    def remove_file(self, record_id: str, file: str) -> Record:
        """Remove one file with its pages and passages."""
        stored = self._library.open(record_id)
        self._audit.note(Verb.REMOVE_FILE, record_id)
        stored.remove_file(file)
        shutil.rmtree(stored.model_state_folder, ignore_errors=True)  # it holds what the removed pages said
        self._bring_up_to_date(stored)
        return stored.record()

    def rename_file(self, record_id: str, file: str, name: str) -> SourceFile:
        """Give a file another name, also where conversations cite it."""
        if not name.strip():
            raise QuestionError("the name is empty; write one")
        stored = self._library.open(record_id)
        self._audit.note(Verb.RENAME_FILE, record_id)
        renamed = stored.rename_file(file, name)
        self._bring_up_to_date(stored)
        return renamed

    def unlock_file(self, record_id: str, file: str, password: str) -> Iterator[FileProgress]:
        """Read a file that is protected by a password. Raises FileRefusedError if that does not open it."""
        stored = self._library.open(record_id)
        self._audit.note(Verb.ADD_FILE, record_id)
        yield from take_in_unlocked(stored, file, password, self._limits, self._indexes)
        self._name_after_patient(stored)

    def recognize_file(self, record_id: str, file: str) -> Iterator[FileProgress]:
        """Go on with the scanned pages of a file that were left waiting. Closing it keeps what was done."""
        stored = self._library.open(record_id)
        yield from recognize_scans(stored, file, self._limits, self._indexes)
        self._name_after_patient(stored)

    def accept_file(self, record_id: str, file: str) -> SourceFile:
        """The user says that a file on hold belongs to this patient: from now on it is read like any other."""
        stored = self._library.open(record_id)
        self._audit.note(Verb.ACCEPT_FILE, record_id)
        accepted = stored.change_file(file, lambda known: replace(known, hold=None, is_accepted=True))
        self._bring_up_to_date(stored)
        return accepted

    def page(self, record_id: str, file: str, number: int) -> Page:
        """One page with its words. Raises RecordNotFoundError."""
        return self._library.open(record_id).page(file, number)

    def pages(self, record_id: str, file: str) -> Iterator[Page]:
        """The pages of one file, one in memory at a time."""
        return self._library.open(record_id).pages([file])

    def page_picture(self, record_id: str, file: str, number: int, width_pixels: int) -> bytes:
        """A PNG of the page as displayed."""
        stored = self._library.open(record_id)
        kind = next((known.kind for known in stored.record().files if known.name == file), "")
        return page_picture(stored.original(file), kind, number, width_pixels=width_pixels, limits=self._limits)

    def search(self, record_id: str, query: str, top_k: int) -> tuple[Hit, ...]:
        """The passages that answer a query, best first."""
        return self._indexes.search(self._library.open(record_id), query, top_k)

    def verifier(self, record_id: str) -> Verifier:
        """The checker over a record's pages, with no model."""
        return Verifier(self._library.open(record_id).pages())

    def conversations(self, record_id: str) -> tuple[Conversation, ...]:
        """The conversations about a record, newest first."""
        return self._library.open(record_id).conversations()

    def conversation(self, record_id: str, conversation_id: str) -> Conversation:
        """One conversation. Raises RecordNotFoundError."""
        return self._library.open(record_id).conversation(conversation_id)

    def delete_conversation(self, record_id: str, conversation_id: str) -> None:
        """Delete one conversation."""
        stored = self._library.open(record_id)
        self._audit.note(Verb.DELETE_CONVERSATION, record_id)
        stored.delete_conversation(conversation_id)

    def suggested_questions(self, record_id: str) -> tuple[str, ...]:
        """Questions to begin with; none while the record has no page that was read."""
        record = _without_held(self.record(record_id))
        can_answer = any(file.page_count > len({*file.unread_pages, *file.waiting_pages}) for file in record.files)
        return tuple(fill("suggested_questions").splitlines()) if can_answer else ()

    def coverage(self, record_id: str) -> tuple[ReadingMode, Coverage]:
        """What a question asked now would read."""
        return expected_reading(self._model, self._read(self._library.open(record_id)))

    def ask(
        self,
        record_id: str,
        conversation_id: str | None,
        question: str,
        *,
        replace_from_turn: int | None = None,
        scope: SearchScope = WHOLE_RECORD,
    ) -> Iterator[AnswerEvent]:
        """Answer in a conversation (None begins one) from what is in `scope`; the last event is AnswerDone.

        `replace_from_turn` drops that turn and all after it once the new answer has begun. Closing the iterator stops
        the model and keeps what was said. Raises RecordNotFoundError if the conversation was deleted meanwhile.
        """
        _check_question(question)
        stored = self._library.open(record_id)
        conversation = stored.conversation(conversation_id) if conversation_id else _new_conversation(question)
        first_replaced = _first_replaced(conversation, replace_from_turn)
        read = self._read(stored, scope)
        if not any(file.page_count for file in read.record.files):
            raise QuestionError("this record has no pages yet; add a file first")
        self._audit.note(Verb.ASK, record_id)
        turn = Turn(self._model, read, conversation.turns[:first_replaced], question)
        try:
            with closing(turn.events()) as events:
                yield from events
        except BaseException:
            if turn.has_text:
                with suppress(RecordNotFoundError):  # deleted meanwhile: nothing is to be kept, and nobody asks for it
                    _keep(stored, conversation, first_replaced, turn.answer())
            raise
        kept = _keep(stored, conversation, first_replaced, turn.answer())
        yield AnswerDone(conversation=kept, turn=len(kept.turns) - 1)

    def answer(self, record_id: str, conversation_id: str | None, question: str) -> AnswerDone:
        """Ask and wait for the end."""
        *_, done = self.ask(record_id, conversation_id, question)
        assert isinstance(done, AnswerDone)
        return done

    def summarize(self, record_id: str, kind: str) -> Iterator[SummaryProgress | Summary]:
        """Write a summary; the last value is the Summary. Raises SettingsError for a kind that is not built."""
        read = self._read(self._library.open(record_id))
        self._audit.note(Verb.SUMMARIZE, record_id)
        yield from summarize(read.record, kind, lambda question: self._answer(read, question))

    def overview(self, record_id: str) -> Overview:
        """The patient at a glance, from the coded entries of the record's files. Files on hold say nothing."""
        stored = self._library.open(record_id)
        self._audit.note(Verb.OVERVIEW, record_id)
        files = [file.name for file in _without_held(stored.record()).files]
        return coded_overview(lambda: stored.pages(files))

    def close(self) -> None:
        """Give back what is open."""
        self._indexes.close_all()

    def _bring_up_to_date(self, stored: StoredRecord) -> None:
        """After a change of what the record holds: the model forgets what it has read, the index follows."""
        self._model.forget()
        for _ in self._indexes.brought_up_to_date(stored):
            pass

    def _answer(self, read: ReadRecord, question: str) -> Answer:
        turn = Turn(self._model, read, (), question)
        for _ in turn.events():
            pass
        return turn.answer()

    def _read(self, stored: StoredRecord, scope: SearchScope = WHOLE_RECORD) -> ReadRecord:
        return ReadRecord(
            record=_without_held(stored.record()),
            pages=stored.pages,
            page_of=lambda ref: _page_or_none(stored, ref),
            record_tokens=self._tokens_of(stored),
            search=lambda query, top_k: self._indexes.search(stored, query, top_k, scope),
            survey=lambda topic, fewest, most: self._indexes.survey(stored, topic, fewest, most, scope),
            scope=scope,
            files_waiting=self._waiting[stored.id],
            state_folder=stored.model_state_folder if self._model.remembers else None,
        )

    def _tokens_of(self, stored: StoredRecord) -> int:
        """Tokens of the record's text, counted once for the same files."""
        # Scans that are recognized and files that are accepted add text to the same bytes.
        files = _without_held(stored.record()).files
        key = tuple(f"{file.sha256} {file.page_count} {file.waiting_pages}" for file in files)
        if key not in self._record_tokens:
            self._record_tokens[key] = sum(self._model.count_tokens(page.text) for page in stored.pages())
        return self._record_tokens[key]

    def _name_after_patient(self, stored: StoredRecord) -> None:
        """A record without a title is called after the patient that its pages name."""
        if stored.record().title:
            return
        patient = find_patient(stored.pages())
        if patient.name:
            stated = (patient.name, patient.sex, patient.birth_date)
            stored.rename(" · ".join(one.value for one in stated if one))


def _without_held(record: Record) -> Record:
    """The record as a model may see it: a file on hold may belong to another patient."""
    return replace(record, files=tuple(file for file in record.files if file.hold is None))


def _check_question(question: str) -> None:
    if not question.strip():
        raise QuestionError("the question is empty; write one")
    if len(question) > LONGEST_QUESTION_CHARACTERS:
        raise QuestionError(
            f"the question has {len(question):,} characters, {LONGEST_QUESTION_CHARACTERS:,} are the most; "
            "add long text as a file and ask about it"
        )


def _new_conversation(question: str) -> Conversation:
    words = " ".join(question.split())
    title = words if len(words) <= _TITLE_CHARACTERS else words[: _TITLE_CHARACTERS - 1].rstrip() + "…"
    created = datetime.now(UTC).isoformat(timespec="seconds")
    return Conversation(id=uuid.uuid4().hex, title=title, created=created)


def _first_replaced(conversation: Conversation, replace_from_turn: int | None) -> int:
    turns = len(conversation.turns)
    if replace_from_turn is None:
        return turns
    if not 0 <= replace_from_turn <= turns:
        raise QuestionError("the answer to be replaced is not in this conversation; reload the page")
    return replace_from_turn


def _keep(stored: StoredRecord, before: Conversation, first_replaced: int, answer: Answer) -> Conversation:
    """Put the answer at the end of the conversation as it is now; what another tab added to it meanwhile stays."""
    if not before.turns:
        begun = replace(before, turns=(answer,))
        stored.save_conversation(begun)
        return begun
    replaced = before.turns[first_replaced:]

    def with_answer(now: Conversation) -> Conversation:
        added = (turn for turn in now.turns[first_replaced:] if turn not in replaced)
        return replace(now, turns=(*now.turns[:first_replaced], *added, answer))

    return stored.change_conversation(before.id, with_answer)


def _page_or_none(stored: StoredRecord, ref: PageRef) -> Page | None:
    try:
        return stored.page(ref.file, ref.page)
    except RecordNotFoundError:
        return None
