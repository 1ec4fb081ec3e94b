"""PDFs written to hurt: each ends in time and within its memory, with pages or one clear problem."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from assistant.ingestion.limits import Limits
from assistant.ingestion.problems import SENTENCES
from tests.ingestion import hostile_pdfs
from tests.ingestion.page_checks import read_one

Write = Callable[[Path], Path]
LIMITS = Limits(page_seconds=2.0, file_seconds=4.0)
# The reader, killed at its deadline, is started again for the pages after; two deaths end a file.
LONGEST_SECONDS = 15.0

HOSTILE: dict[str, Write] = {
    "a content stream of 300 MB": partial(hostile_pdfs.pdf_with_content_bomb, megabytes=300),
    "a content stream packed three times": partial(hostile_pdfs.pdf_with_content_bomb, megabytes=100, layers=3),
    "a deep page tree": partial(hostile_pdfs.pdf_with_deep_page_tree, depth=50_000),
    "a page tree that is a circle": hostile_pdfs.pdf_with_page_tree_cycle,
    "a million notes": partial(hostile_pdfs.pdf_with_many_annotations, count=1_000_000),
    "a field that is its own parent": hostile_pdfs.pdf_with_field_cycle,
    "attachments in a circle": hostile_pdfs.pdf_with_attachment_cycle,
    "a packed table of places of 300 MB": partial(hostile_pdfs.pdf_with_packed_table_bomb, megabytes=300),
    "deeply nested arrays": partial(hostile_pdfs.pdf_with_nested_arrays, depth=1_000_000),
    "half a million words": partial(hostile_pdfs.pdf_with_letters, count=250_000),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_ends_in_time(tmp_path: Path, name: str) -> None:
    path = HOSTILE[name](tmp_path / "hostile.pdf")
    assert path.stat().st_size < 30 << 20
    began = time.monotonic()
    pages, file = read_one(path, limits=LIMITS)
    assert time.monotonic() - began < LONGEST_SECONDS
    if file.problem is not None:
        assert file.problem.code in SENTENCES
        assert file.problem.code != "reader_crashed"
    assert sum(len(page.text) for page in pages) <= LIMITS.page_characters


def test_a_broken_field_costs_only_itself(tmp_path: Path) -> None:
    pages, file = read_one(hostile_pdfs.pdf_with_field_cycle(tmp_path / "form.pdf"), limits=LIMITS)
    assert [page.text for page in pages] == ["hello"]
    assert file.warnings == ("page 1: 1 form fields or notes could not be read",)
