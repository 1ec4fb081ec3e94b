"""Office files and web pages go through the reading child like any file; other people's are read as they show them."""

from __future__ import annotations

import io
import os
import re
from pathlib import Path

import docx as python_docx
import pymupdf
import pytest

from assistant.ingestion.pictures import page_picture
from tests.ingestion.invented_office import content_of, odt, packed
from tests.ingestion.page_checks import read_one
from tests.ingestion.test_rtf_file import rtf


def a_docx() -> bytes:
    document = python_docx.Document()
    document.add_paragraph("Potassium 5.9")
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def an_ods() -> bytes:
    table = "<table:table><table:table-row><table:table-cell><text:p>Potassium 5.9</text:p></table:table-cell>"
    content = content_of("spreadsheet", f"{table}</table:table-row></table:table>")
    return packed({"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": content})


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("docx", a_docx()),
        ("odt", odt("<text:p>Potassium 5.9</text:p>")),
        ("ods", an_ods()),
        ("rtf", rtf(rb"Potassium 5.9\par")),
        ("html", b"<!DOCTYPE html><p>Potassium 5.9"),
    ],
)
def test_a_file_is_known_by_its_content_read_and_drawn(kind: str, data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "letter"
    path.write_bytes(data)
    pages, file = read_one(path)
    assert (file.kind, file.problem, file.warnings) == (kind, None, ())
    assert [page.text.strip() for page in pages] == ["Potassium 5.9"]
    assert page_picture(path, kind, 1, width_pixels=300).startswith(b"\x89PNG")


@pytest.fixture(scope="module")
def folder() -> Path:
    if "EVAL_DATA" not in os.environ:
        pytest.skip("EVAL_DATA names no folder")
    return Path(os.environ["EVAL_DATA"]) / "office_and_scans"


def test_an_opendocument_text_says_what_its_twin_in_pdf_says(folder: Path) -> None:
    twins = sorted(folder.glob("*.odt"))
    assert len(twins) >= 2
    for path in twins:
        pages, _ = read_one(path)
        with pymupdf.open(path.with_name(path.name + ".pdf")) as twin:
            printed = " ".join(page.get_text() for page in twin)
        assert _words(" ".join(page.text for page in pages)) == _words(printed), path.name


def test_other_peoples_documents_are_all_read(folder: Path) -> None:
    paths = [path for suffix in ("docx", "odt", "html") for path in sorted(folder.glob(f"*.{suffix}"))]
    assert len(paths) >= 45
    for path in paths:
        pages, file = read_one(path)
        assert file.problem is None, path.name
        assert any(page.was_read for page in pages), path.name


def _words(text: str) -> list[str]:
    """The words in a fixed order, without what one of the two puts in: marks of lists, pictures and struck words."""
    text = re.sub(r"\[picture[^]]*\]|\[struck out: |\]", "", text.replace("²", "2"))
    return sorted(re.sub("[•◦▪]", " ", text).split())
