"""A file joins its record with what is understood of it, and joins it also where nothing is."""

from __future__ import annotations

import pytest

from assistant.domain import Identity, Origin, Page, SourceFile, Words
from assistant.errors import StorageError
from assistant.understanding import understood
from assistant.understanding.understood import NOT_UNDERSTOOD, understood_file

FILE = SourceFile(name="a.txt", kind="text", sha256="0", size_bytes=1, page_count=1)
PAGE = Page(file="a.txt", number=1, text="Discharge summary", width=595, height=842, origin=Origin.TEXT, words=Words())


def test_a_page_that_defeats_understanding_costs_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(understood, "understand_file", lambda pages: 1 / 0)
    found = understood_file(FILE, [PAGE], Identity(), asks=True)
    assert found.file.warnings == (NOT_UNDERSTOOD,)
    assert found.regions == {}


def test_a_disk_that_fails_is_no_question_of_understanding(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(pages: object) -> None:
        raise StorageError("The disk is full.")

    monkeypatch.setattr(understood, "understand_file", failing)
    with pytest.raises(StorageError):
        understood_file(FILE, [PAGE], Identity(), asks=True)
