"""A scope takes the files, kinds and dates that were asked for."""

from __future__ import annotations

import pytest

from assistant.domain import DocumentKind, PageRef, SourceDocument, SourceFile
from assistant.evidence.search_scope import WHOLE_RECORD, SearchScope

LETTER = SourceDocument(kind=DocumentKind.CLINIC_LETTER, first_page=1, last_page=2, date="2024-05-12")
FILE = SourceFile(name="a.pdf", kind="pdf", sha256="0", size_bytes=1, page_count=3, documents=(LETTER,))


@pytest.mark.parametrize(
    ("date", "first", "last", "is_in"),
    [
        ("2024-05-12", "2024-05-12", "2024-05-12", True),
        ("2024-05-12", "2024-05-13", None, False),
        ("2024-05-12", None, "2024-05", True),
        ("2024-05-12", "2024", "2024", True),
        ("2024", "2024-05-13", "2024-06-01", True),
        ("2023", "2024-05-13", None, False),
        (None, "2024", None, False),
        (None, None, None, True),
    ],
)
def test_a_date_is_in_a_range_if_any_day_it_may_mean_is(
    date: str | None, first: str | None, last: str | None, is_in: bool
) -> None:
    assert SearchScope(first_date=first, last_date=last).holds_document(None, date) is is_in


def test_a_document_of_unknown_kind_is_of_no_kind() -> None:
    scope = SearchScope(kinds=frozenset({DocumentKind.LABORATORY}))
    assert scope.holds_document(DocumentKind.LABORATORY, None)
    assert not scope.holds_document(None, None)


def test_a_page_is_in_with_its_document() -> None:
    letters = SearchScope(kinds=frozenset({DocumentKind.CLINIC_LETTER}))
    assert [letters.holds_page(FILE, page) for page in (1, 2, 3)] == [True, True, False]
    assert not SearchScope(files=frozenset({"b.pdf"})).holds_page(FILE, 1)
    assert WHOLE_RECORD.holds_page(FILE, 3)


def test_a_scope_says_whether_it_is_whole_or_of_whole_files() -> None:
    assert WHOLE_RECORD.is_whole
    assert SearchScope(files=frozenset()).is_of_files
    assert not SearchScope(last_date="2024").is_of_files


def test_a_scope_of_pages_holds_these_alone() -> None:
    scope = SearchScope(pages=frozenset({PageRef(file="a.pdf", page=2)}))
    assert scope.holds_file("a.pdf")
    assert not scope.holds_file("b.pdf")
    assert scope.holds_page(FILE, 2)
    assert not scope.holds_page(FILE, 1)
    assert not scope.is_of_files
