from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from assistant.domain import Conversation, Coverage, FileProblem, PageRef, ReadingMode, Record, SourceFile
from assistant.intake import FileProgress
from assistant.language_models.answering import ModelDescription
from assistant.ui.conversations_html import conversations
from assistant.ui.dates import count, day, page_ranges, tokens
from assistant.ui.empty_html import no_question
from assistant.ui.file_names import label
from assistant.ui.files_html import files
from assistant.ui.header_html import header

HOSTILE = "<img src=x onerror=alert(1)>"
MODEL = ModelDescription(name="Reader", badge="quotes", limits="It only quotes.", context_tokens=8192)


def source_file(name: str = "letter.pdf", *, pages: int = 3, unread: tuple[int, ...] = ()) -> SourceFile:
    return SourceFile(name=name, kind="pdf", sha256="0" * 64, size_bytes=9, page_count=pages, unread_pages=unread)


def record(*of: SourceFile, title: str = "Marsh, Eleanor") -> Record:
    return Record(id="r1", title=title, created="2026-11-20T10:00:00Z", files=of)


def head(coverage: Coverage, mode: ReadingMode = ReadingMode.FULL_CONTEXT, title: str = "Marsh, Eleanor") -> str:
    shown = record(source_file(), title=title)
    return header(records=(shown,), record=shown, conversation_id="c1", model=MODEL, coverage=(mode, coverage))


def coverage(*, not_read: tuple[PageRef, ...] = (), prompt_tokens: int = 0) -> Coverage:
    return Coverage(
        record_tokens=41_200,
        context_tokens=131_072,
        prompt_tokens=prompt_tokens,
        pages_read=68 - len(not_read),
        pages_total=68,
        not_read=not_read,
    )


def test_the_head_says_what_was_read_and_how_full_the_window_is() -> None:
    html = head(coverage())

    assert "whole record read · 41k of 131k" in html
    assert 'aria-valuenow="31"' in html
    assert "It only quotes." in html
    assert 'data-record="r1" data-conversation="c1"' in html


def test_the_head_lists_the_pages_that_were_not_read() -> None:
    unread = tuple(PageRef(file="scan.pdf", page=number) for number in (3, 5, 6, 7))

    html = head(coverage(not_read=unread))

    assert "64 of 68 pages read" in html
    assert "pages 3, 5–7" in html
    assert 'data-do="open_page" class="entry" data-file="scan.pdf" data-page="3"' in html


def test_retrieval_is_not_called_reading_the_record() -> None:
    html = head(coverage(prompt_tokens=2_000), ReadingMode.RETRIEVAL)

    assert "found passages · 2k of 131k" in html
    assert "whole record read" not in html


def test_names_of_patients_files_and_conversations_are_escaped() -> None:
    conversation = Conversation(id="c", title=HOSTILE, created="2026-11-20T10:00:00Z")
    drawn = [
        head(coverage(), title=HOSTILE),
        files(record(source_file(f"{HOSTILE}.pdf"))),
        files(record(), reading=[FileProgress(file=HOSTILE, stage="reading", done=1)]),
        files(record(), problems={HOSTILE: FileProblem(code="damaged", message=HOSTILE)}),
        conversations((conversation,), None, now=datetime(2026, 11, 23, tzinfo=UTC)),
    ]

    assert not any("<img" in html for html in drawn)


def test_a_page_without_text_is_named_beside_its_file() -> None:
    assert "page 1: no text, not read" in files(record(source_file(unread=(1,))))
    assert "2 pages without text, not read" in files(record(source_file(unread=(1, 2))))


def test_progress_names_the_page_and_can_be_cancelled() -> None:
    reading = [
        FileProgress(file="a.pdf", stage="done", done=2, total=2),
        FileProgress(file="b.pdf", stage="reading", done=4, total=9),
        FileProgress(file="c.pdf", stage="reading"),
    ]

    html = files(record(source_file("a.pdf")), reading=reading)

    assert "1 of 3" in html
    assert "reading page 4 of 9" in html
    assert "waiting" in html
    assert 'data-do="cancel_reading"' in html
    assert "data-reading" in html


def test_a_file_that_failed_says_why_and_can_be_dismissed() -> None:
    html = files(record(), problems={"bad.pdf": FileProblem(code="damaged", message="This file is damaged.")})

    assert "This file is damaged." in html
    assert 'data-do="remove_file"' in html


@pytest.mark.parametrize(
    ("name", "title", "on"),
    [
        ("2025-01-22_hospital_discharge.pdf", "Hospital discharge", "22 Jan 2025"),
        ("letter.pdf", "Letter", ""),
        ("report 2024_02_30.txt", "Report 2024 02 30", ""),
        ("01-02-2024 note.md", "01-02-2024 note", ""),
        ("2024-05-06.pdf", "2024-05-06.pdf", "6 May 2024"),
        (".pdf", ".pdf", ""),
    ],
)
def test_a_files_name_becomes_a_title_and_an_unmistakable_date(name: str, title: str, on: str) -> None:
    assert (label(name).title, label(name).day) == (title, on)


def test_amounts_and_dates_are_written_for_people() -> None:
    now = datetime(2026, 11, 23, 9, tzinfo=UTC)

    assert day("2026-06-02T10:00:00Z", now=now) == "2 Jun 2026"
    assert day("2026-11-23T01:00:00", now=now) == "today"
    assert (count(1, "page"), count(1204, "page")) == ("1 page", "1,204 pages")
    assert (tokens(812), tokens(41_200)) == ("812", "41k")
    assert page_ranges((7, 3, 5, 6)) == "3, 5–7"


def test_progress_and_cancel_stand_before_what_has_to_be_looked_at() -> None:
    reading = [FileProgress(file="b.pdf", stage="recognizing", done=4, total=9)]

    html = files(
        record(source_file(unread=(1,))), reading=reading, problems={"x": FileProblem(code="x", message="Bad")}
    )

    assert (
        html.index("cancel_reading") < html.index("page 4 of 9") < html.index("To look at") < html.index("letter.pdf")
    )


def test_only_pages_that_can_be_asked_about_are_called_ready() -> None:
    held = replace(source_file("held.pdf"), hold=FileProblem(code="other_patient", message="Whose is it?"))
    scanned = replace(source_file("scan.pdf"), waiting_pages=(2, 3))

    html = str(no_question(record(source_file(), held, scanned), ()))

    assert "4 pages from 2 documents are ready" in html
