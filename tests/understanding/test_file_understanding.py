from __future__ import annotations

from dataclasses import replace

import pytest

from assistant.domain import DocumentKind, Origin, Page, Span
from assistant.understanding.file_understanding import understand_file
from benchmarks.invented_documents import InventedDocument, invented_documents, lay_out, pages_of

DOCUMENTS = invented_documents("development")


def read_at(pages: list[Page], span: Span) -> str:
    return pages[span.page - 1].text[span.start : span.end]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda one: one.texts[0].strip()[:24])
def test_kind_date_and_author_point_to_their_words(document: InventedDocument) -> None:
    pages = list(pages_of([document]))
    (found,) = understand_file(pages).documents
    assert found.kind is document.kind
    if found.author:  # one may be overlooked, none may be wrong
        assert found.author.split()[-1] == (document.author or "").split()[-1]
    if found.date:
        assert (document.date or "").startswith(found.date)
    assert (found.date is None) == (found.date_span is None)
    assert (found.author is None) == (found.author_span is None)
    if found.author_span:
        assert read_at(pages, found.author_span) == found.author
    if found.date_span:
        assert any(map(str.isdigit, read_at(pages, found.date_span)))
    if found.kind_span:
        assert read_at(pages, found.kind_span).strip()


def test_hardly_anything_is_overlooked() -> None:
    found = [understand_file(pages_of([document])).documents[0] for document in DOCUMENTS]
    with_date = [bool(one.date) for one, document in zip(found, DOCUMENTS, strict=True) if document.date]
    with_author = [bool(one.author) for one, document in zip(found, DOCUMENTS, strict=True) if document.author]
    assert sum(with_date) >= 0.95 * len(with_date)
    assert sum(with_author) >= 0.9 * len(with_author)


def test_an_empty_file_has_no_document_and_a_blank_page_one() -> None:
    assert understand_file([]).documents == ()
    (blank,) = understand_file([lay_out("")]).documents
    assert (blank.first_page, blank.last_page, blank.date, blank.author) == (1, 1, None, None)


def test_whom_the_pages_name_is_kept() -> None:
    found = understand_file([lay_out("Patient: SMITH, Anna DOB: 12 Mar 1951"), lay_out("No name", number=2)])
    assert [one.value for one in found.identities[0].identity.names] == ["SMITH, Anna"]
    assert found.identities[1].identity.names == ()


def test_a_coded_record_is_what_its_head_says() -> None:
    table = "\n".join(f"CT chest\t140 mmol/L\t136 - 145\t201{year}-05-03" for year in range(9))
    record = lay_out(f"Patient record\nPatient: Anna Smith\nDate of birth: 1951-03-12\nProblems\n{table}")
    (found,) = understand_file([replace(record, origin=Origin.STRUCTURED)]).documents
    assert (found.kind, found.date) == (DocumentKind.OTHER, None)
    note = lay_out(f"Clinic\nDocument type: Operative note\nEncounter: 2013-03-22\n{table}")
    (found,) = understand_file([replace(note, origin=Origin.STRUCTURED)]).documents
    assert (found.kind, found.date) == (DocumentKind.OPERATION_NOTE, "2013-03-22")
