"""A service of invented pages: real words and boxes, canned answers, a model as slow as a test wants it."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

import pymupdf

from assistant.conversation.summaries import SummaryProgress
from assistant.conversation.turns import AnswerProgress, AnswerText
from assistant.domain import (
    Answer,
    Box,
    Citation,
    Conversation,
    Coverage,
    FileProblem,
    Origin,
    Page,
    PageRef,
    ReadingMode,
    Record,
    SourceFile,
    Span,
    Statement,
    Summary,
    SummarySection,
    Support,
    Word,
    Words,
)
from assistant.errors import FileRefusedError, ModelUnavailableError, RecordNotFoundError
from assistant.evidence.search_scope import WHOLE_RECORD, SearchScope
from assistant.ingestion.reading import Upload
from assistant.intake import FileProgress
from assistant.language_models.answering import ModelDescription
from assistant.service import AnswerDone, AnswerEvent

WIDTH, HEIGHT = 595.0, 842.0
SAMPLE: dict[str, tuple[tuple[str, ...], ...]] = {
    "Discharge summary.pdf": (
        (
            "St. Brigid Hospital",
            "Department of Cardiology",
            "Marsh, Eleanor. Discharge summary of 2 June 2026, page 1 of 2.",
        ),
        (
            "Hospital course. Admitted with two weeks of progressive dyspnoea and ankle oedema.",
            "Intravenous furosemide 80 mg twice daily for three days with a weight loss of 4.6 kg.",
            "Creatinine rose from 1.3 to 1.9 mg/dL on day four and lisinopril was stopped.",
            "Potassium peaked at 5.9 mmol/L and fell to 4.8 mmol/L after withdrawal.",
            "Allergies. No known drug allergies.",
        ),
    ),
    "Laboratory 2026.pdf": (
        (
            "Sodium 136 mmol/L 135 - 145",
            "Potassium 4.8 mmol/L 3.5 - 5.1",
            "Creatinine 1.7 H mg/dL 0.5 - 1.1",
            "Haemoglobin 10.9 L g/dL 12.0 - 15.5",
        ),
    ),
    "Referral, Dr Okafor.pdf": ((), ("Thank you for seeing this invented patient.",)),
}
CREATININE = "Creatinine rose from 1.3 to 1.9 mg/dL on day four and lisinopril was stopped."
POTASSIUM = "Potassium peaked at 5.9 mmol/L and fell to 4.8 mmol/L after withdrawal."
ANSWER = (
    "**Why it was stopped**\n"
    "Creatinine rose from 1.3 to 1.9 mg/dL on day four, and lisinopril was stopped [1].\n"
    "- Potassium had peaked at 5.9 mmol/L [2].\n"
    "- Creatinine at discharge was still 1.7 mg/dL [3].\n"
    "- She tolerated ramipril well in 2018."
)
QUOTES = (
    ("Discharge summary.pdf", 2, CREATININE),
    ("Discharge summary.pdf", 2, POTASSIUM),
    ("Laboratory 2026.pdf", 1, "Creatinine 1.7 H mg/dL"),
)


@lru_cache(maxsize=64)
def _document(lines: tuple[str, ...]) -> bytes:
    with pymupdf.open() as document:
        page = document.new_page(width=WIDTH, height=HEIGHT)
        for at, line in enumerate(lines):
            page.insert_text((56, 90 + 26 * at), line, fontsize=11, fontname="tiro")
        return bytes(document.tobytes())


def page_of(file: str, number: int, lines: tuple[str, ...]) -> Page:
    """A page whose boxes were measured on its own picture."""
    text, words = "\n".join(lines), []
    with pymupdf.open(stream=_document(lines), filetype="pdf") as document:
        at = 0
        for x0, y0, x1, y1, word, *_ in document[0].get_text("words"):
            start = text.index(word, at)
            at = start + len(word)
            words.append(Word(start=start, end=at, box=Box(x0=x0, y0=y0, x1=x1, y1=y1)))
    return Page(file=file, number=number, text=text, width=WIDTH, height=HEIGHT, origin=Origin.TEXT, words=Words(words))


def citation_of(page: Page, n: int, quote: str) -> Citation:
    start = page.text.index(quote)
    boxes = [word.box for word in page.words if start <= word.start < start + len(quote)]
    box = Box(
        x0=min(b.x0 for b in boxes),
        y0=min(b.y0 for b in boxes),
        x1=max(b.x1 for b in boxes),
        y1=max(b.y1 for b in boxes),
    )
    return Citation(
        n=n, span=Span(file=page.file, page=page.number, start=start, end=start + len(quote)), quote=quote, boxes=(box,)
    )


class FakeService:
    """Everything in memory; `seconds_per_word` makes the model slow, `is_down` makes it fail, `is_broken` all work."""

    def __init__(self, *, seconds_per_word: float = 0.0, seconds_per_page: float = 0.0, is_down: bool = False) -> None:
        self.seconds_per_word, self.seconds_per_page, self.is_down = seconds_per_word, seconds_per_page, is_down
        self.words_written = 0
        self.is_broken = False
        self.scope = WHOLE_RECORD
        self._ids = itertools.count(1)
        self._records: dict[str, Record] = {}
        self._pages: dict[str, dict[str, tuple[Page, ...]]] = {}
        self._conversations: dict[str, dict[str, Conversation]] = {}

    @property
    def model(self) -> ModelDescription:
        return ModelDescription(
            name="Extractive reader",
            badge="no weights · this computer",
            limits="Answers by quoting the record. It does not reason, compare or summarize.",
            context_tokens=131_072,
        )

    def records(self) -> tuple[Record, ...]:
        return tuple(reversed(self._records.values()))

    def create_record(self, title: str = "") -> Record:
        record = Record(id=f"record{next(self._ids)}", title=title, created="2026-11-20T10:00:00+00:00")
        self._records[record.id], self._pages[record.id], self._conversations[record.id] = record, {}, {}
        return record

    def record(self, record_id: str) -> Record:
        try:
            return self._records[record_id]
        except KeyError:
            raise RecordNotFoundError("this record is not here; it may have been deleted") from None

    def rename_record(self, record_id: str, title: str) -> Record:
        self._records[record_id] = replace(self.record(record_id), title=title)
        return self._records[record_id]

    def delete_record(self, record_id: str) -> None:
        for shelf in (self._records, self._pages, self._conversations):
            shelf.pop(record_id)

    def sample_record_uploads(self) -> tuple[Upload, ...]:
        from pathlib import Path

        return tuple(Upload(name=name, path=Path("sample") / name) for name in SAMPLE)

    def add_files(self, record_id: str, uploads: Sequence[Upload]) -> Iterator[FileProgress]:
        self._break_if_told()
        for at, upload in enumerate(uploads):
            for progress in self._add(record_id, upload):
                yield replace(progress, upload=at)

    def _add(self, record_id: str, upload: Upload) -> Iterator[FileProgress]:
        lines = SAMPLE.get(upload.name)
        if lines is None:
            lines = self._lines_of(upload)
        if lines is None:
            problem = FileProblem(
                code="damaged", message="This file is damaged or is no PDF; open it in a viewer and save it again."
            )
            yield FileProgress(file=upload.name, stage="failed", done=0, total=None, problem=problem)
            return
        for stage in ("reading", "indexing"):
            for done in range(1, len(lines) + 1):
                time.sleep(self.seconds_per_page)
                yield FileProgress(file=upload.name, stage=stage, done=done, total=len(lines), problem=None)
        self._keep(record_id, upload.name, lines)
        yield FileProgress(file=upload.name, stage="done", done=len(lines), total=len(lines), problem=None)

    def _break_if_told(self) -> None:
        if self.is_broken:
            raise ZeroDivisionError("Marsh, Eleanor")

    def _lines_of(self, upload: Upload) -> tuple[tuple[str, ...], ...] | None:
        data = upload.path.read_bytes()
        return (tuple(data.decode().splitlines()),) if upload.name.endswith(".txt") else None

    def _keep(self, record_id: str, name: str, lines: Sequence[tuple[str, ...]]) -> None:
        pages = tuple(page_of(name, number, each) for number, each in enumerate(lines, start=1))
        self._pages[record_id][name] = pages
        unread = tuple(page.number for page in pages if not page.was_read)
        file = SourceFile(
            name=name, kind="pdf", sha256="0" * 64, size_bytes=1000, page_count=len(pages), unread_pages=unread
        )
        record = self.record(record_id)
        self._records[record_id] = replace(record, files=(*record.files, file))

    def rename_file(self, record_id: str, file: str, name: str) -> SourceFile:
        renamed = self._changed(record_id, file, name=name)
        self._pages[record_id][name] = self._pages[record_id].pop(file)
        return renamed

    def accept_file(self, record_id: str, file: str) -> SourceFile:
        return self._changed(record_id, file, hold=None)

    def unlock_file(self, record_id: str, file: str, password: str) -> Iterator[FileProgress]:
        if password != "open":
            raise FileRefusedError("wrong_password", "The password does not open the PDF; enter it again.")
        self._changed(record_id, file, problem=None, page_count=1)
        self._pages[record_id][file] = (page_of(file, 1, ("It was locked.",)),)
        yield FileProgress(file=file, stage="done", done=1, total=1)

    def recognize_file(self, record_id: str, file: str) -> Iterator[FileProgress]:
        self._changed(record_id, file, waiting_pages=(), origins=(Origin.OCR,))
        yield FileProgress(file=file, stage="recognizing", done=1, total=1)
        yield FileProgress(file=file, stage="done", done=1, total=1)

    def hold(self, record_id: str, file: str, **changes: object) -> None:
        """Have something be the matter with a file."""
        self._changed(record_id, file, **changes)

    def _changed(self, record_id: str, file: str, **changes: object) -> SourceFile:
        record = self.record(record_id)
        changed = {each.name: replace(each, **changes) if each.name == file else each for each in record.files}  # type: ignore[arg-type]
        self._records[record_id] = replace(record, files=tuple(changed.values()))
        return changed[file]

    def remove_file(self, record_id: str, file: str) -> Record:
        record = self.record(record_id)
        self._pages[record_id].pop(file)
        self._records[record_id] = replace(record, files=tuple(each for each in record.files if each.name != file))
        return self._records[record_id]

    def page(self, record_id: str, file: str, number: int) -> Page:
        self.record(record_id)
        pages = self._pages[record_id].get(file, ())
        if not 1 <= number <= len(pages):
            raise RecordNotFoundError("this page is not in the record")
        return pages[number - 1]

    def page_picture(self, record_id: str, file: str, number: int, width_pixels: int) -> bytes:
        page = self.page(record_id, file, number)
        with pymupdf.open(
            stream=_document(tuple(page.text.split("\n")) if page.text else ()), filetype="pdf"
        ) as document:
            scale = width_pixels / WIDTH
            return bytes(document[0].get_pixmap(matrix=pymupdf.Matrix(scale, scale)).tobytes("png"))

    def conversations(self, record_id: str) -> tuple[Conversation, ...]:
        self.record(record_id)
        return tuple(reversed(self._conversations[record_id].values()))

    def conversation(self, record_id: str, conversation_id: str) -> Conversation:
        self.record(record_id)
        try:
            return self._conversations[record_id][conversation_id]
        except KeyError:
            raise RecordNotFoundError("this conversation is not here; it may have been deleted") from None

    def delete_conversation(self, record_id: str, conversation_id: str) -> None:
        self._conversations[record_id].pop(conversation_id)

    def suggested_questions(self, record_id: str) -> tuple[str, ...]:
        return ("Why was her ACE inhibitor stopped?", "What was the last potassium?", "Is any allergy recorded?")

    def coverage(self, record_id: str) -> tuple[ReadingMode, Coverage]:
        record = self.record(record_id)
        unread = tuple(PageRef(file=file.name, page=number) for file in record.files for number in file.unread_pages)
        total = record.pages_total
        coverage = Coverage(
            record_tokens=41_200,
            context_tokens=131_072,
            prompt_tokens=0,
            pages_read=total - len(unread),
            pages_total=total,
            not_read=unread,
        )
        return ReadingMode.FULL_CONTEXT, coverage

    def ask(
        self,
        record_id: str,
        conversation_id: str | None,
        question: str,
        *,
        replace_from_turn: int | None = None,
        scope: SearchScope = WHOLE_RECORD,
    ) -> Iterator[AnswerEvent]:
        self.scope = scope
        self._break_if_told()
        if self.is_down:
            raise ModelUnavailableError("the model's server does not answer; start it again, then ask again")
        earlier = self.conversation(record_id, conversation_id) if conversation_id else None
        kept = earlier or Conversation(
            id=f"conversation{next(self._ids)}", title=question, created="2026-11-20T10:00:00+00:00"
        )
        kept = replace(kept, turns=kept.turns[:replace_from_turn])
        text, written = self._text_for(question), ""
        try:
            yield AnswerProgress(stage="searching", done=0, total=None, seconds_left=None)
            yield AnswerProgress(stage="reading", done=1, total=4, seconds_left=3.0)
            for piece in text.split(" "):
                time.sleep(self.seconds_per_word)
                written += f"{piece} "
                self.words_written += 1
                yield AnswerText(text=written, reasoning="")
        finally:
            kept = replace(
                kept,
                turns=(
                    *kept.turns,
                    self._answer(record_id, question, written.rstrip(), is_whole=written.rstrip() == text),
                ),
            )
            self._conversations[record_id][kept.id] = kept
        yield AnswerDone(conversation=kept, turn=len(kept.turns) - 1)

    def _text_for(self, question: str) -> str:
        return "The record does not say." if "blood group" in question else ANSWER

    def _answer(self, record_id: str, question: str, text: str, *, is_whole: bool) -> Answer:
        mode, coverage = self.coverage(record_id)
        held = self._pages[record_id]
        citations = tuple(
            citation_of(held[file][page - 1], n, quote)
            for n, (file, page, quote) in enumerate(QUOTES, start=1)
            if file in held
        )
        statements = tuple(self._statements(text, {citation.n for citation in citations}))
        cited = {n for statement in statements for n in statement.citations}
        return Answer(
            question=question,
            text=text,
            mode=mode,
            statements=statements,
            citations=tuple(citation for citation in citations if citation.n in cited),
            coverage=coverage,
            stopped=not is_whole,
        )

    def _statements(self, text: str, known: set[int]) -> Iterator[Statement]:
        at = 0
        for line in text.splitlines(keepends=True):
            bare = line.strip().lstrip("- ")
            cited = tuple(n for n in known if f"[{n}]" in bare)
            if bare and not bare.startswith("**"):
                plain = bare
                for n in cited:
                    plain = plain.replace(f" [{n}]", "")
                support = (
                    Support.NOT_IN_RECORD
                    if "does not say" in bare
                    else Support.SUPPORTED
                    if cited
                    else Support.UNSUPPORTED
                )
                yield Statement(text=plain, support=support, citations=cited, start=at, end=at + len(line.rstrip()))
            at += len(line)

    def summarize(self, record_id: str, kind: str) -> Iterator[SummaryProgress | Summary]:
        self._break_if_told()
        yield SummaryProgress(done=0, total=1, heading="Hospital course")
        answer = self._answer(record_id, "course", ANSWER, is_whole=True)
        section = SummarySection(heading="Hospital course", statements=answer.statements)
        yield Summary(
            kind=kind,
            title="Summary of the record",
            sections=(section,),
            citations=answer.citations,
            missing=("Family history",),
        )
