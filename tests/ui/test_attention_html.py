"""What has to be looked at is said once, with what to do."""

from __future__ import annotations

from dataclasses import replace

from assistant.domain import DocumentKind, FileProblem, Origin, Record, SourceDocument, SourceFile, Span
from assistant.ui.attention_html import attention
from assistant.ui.files_html import files

LETTER = SourceFile(name="letter.pdf", kind="pdf", sha256="0" * 64, size_bytes=10, page_count=3)


def record(*held: SourceFile) -> Record:
    return Record(id="r", title="", created="2026-11-20T10:00:00+00:00", files=held)


def drawn(file: SourceFile, **problems: FileProblem) -> str:
    return str(attention(record(file), problems, ()))


def test_a_record_without_problems_shows_no_list() -> None:
    assert drawn(LETTER) == ""


def test_a_file_that_may_be_another_patients_asks_what_to_do() -> None:
    other = FileProblem(code="other_patient", message="Another birth date than the rest of the record, page 2.")
    places = (Span(file="first.pdf", page=1, start=0, end=4), Span(file="letter.pdf", page=2, start=0, end=4))
    html = drawn(replace(LETTER, hold=other, hold_places=places))
    assert 'data-do="accept_file"' in html
    assert 'data-do="remove_file"' in html
    assert 'data-file="first.pdf" data-page="1"' in html
    assert 'data-file="letter.pdf" data-page="2"' in html


def test_a_locked_file_asks_for_its_password() -> None:
    html = drawn(replace(LETTER, page_count=0, problem=FileProblem(code="password_protected", message="x")))
    assert 'data-sends="unlock_file"' in html
    assert 'type="password"' in html


def test_scanned_pages_that_wait_can_be_recognized_unless_that_is_under_way() -> None:
    waiting = replace(LETTER, waiting_pages=(1, 2))
    assert 'data-do="recognize_file"' in drawn(waiting)
    assert attention(record(waiting), {}, ["letter.pdf"]) == ""


def test_warnings_open_the_page_they_speak_of_and_cannot_break_out() -> None:
    html = drawn(replace(LETTER, warnings=("page 3: <b>hidden</b> words",)))
    assert 'data-page="3"' in html
    assert "&lt;b&gt;hidden" in html
    assert "1 note on 1 document" in html


def test_a_file_that_failed_is_listed_with_its_sentence() -> None:
    html = drawn(LETTER, **{"bad.pdf": FileProblem(code="damaged", message="The file is damaged.")})
    assert "bad.pdf" in html
    assert "The file is damaged." in html


def test_a_bundle_says_its_documents_and_a_scan_that_it_is_one() -> None:
    letter = SourceDocument(
        kind=DocumentKind.CLINIC_LETTER, first_page=1, last_page=2, date="2024-03-05", author="Dr A. Okafor"
    )
    labs = SourceDocument(kind=DocumentKind.LABORATORY, first_page=3, last_page=3, date="2026-01")
    html = str(files(record(replace(LETTER, documents=(letter, labs), origins=(Origin.OCR,)))))
    assert "2024\N{EN DASH}2026 · 2 documents · scan" in html
    assert "clinic letter · 5 Mar 2024 · p 1\N{EN DASH}2 · Dr A. Okafor" in html
    assert "laboratory · Jan 2026 · p 3" in html
