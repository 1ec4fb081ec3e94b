"""Hundreds of files from other people's test suites: pages or one clear problem each, never a crash or a hang."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from assistant.errors import FileRefusedError
from assistant.ingestion.pictures import page_picture
from assistant.ingestion.problems import SENTENCES
from tests.ingestion.page_checks import read_one

FOLDERS = ("odd_files", "office_and_scans", "ccda", "fhir")


@pytest.fixture(scope="module")
def files() -> list[Path]:
    if "EVAL_DATA" not in os.environ:
        pytest.skip("EVAL_DATA names no folder")
    root = Path(os.environ["EVAL_DATA"])
    return [path for folder in FOLDERS for path in sorted((root / folder).rglob("*")) if path.is_file()]


def test_every_odd_file_gives_pages_or_a_clear_problem(files: list[Path]) -> None:
    assert len(files) > 450
    read = 0
    for path in files:
        began = time.monotonic()
        pages, file = read_one(path)
        assert time.monotonic() - began < 30, path.name
        read += bool(pages)
        if file.problem is not None:
            assert file.problem.code in SENTENCES
            assert file.problem.code != "reader_crashed", path.name
    assert read >= 350


def test_every_tenth_odd_file_is_drawn_or_refused(files: list[Path]) -> None:
    drawn = 0
    refusals: set[str] = set()
    for path in files[::10]:
        pages, file = read_one(path)
        try:
            drawn += bool(pages) and page_picture(path, file.kind, 1, width_pixels=400).startswith(b"\x89PNG")
        except FileRefusedError as error:
            refusals.add(error.code)
    assert drawn >= 25
    assert "reader_crashed" not in refusals
