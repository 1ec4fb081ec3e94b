"""Archives, e-mails and tables in the confined child: pages that name their part, bombs that become one sentence."""

from __future__ import annotations

import os
import time
from email.message import EmailMessage
from pathlib import Path

import pytest

from assistant.ingestion.limits import Limits
from assistant.ingestion.pictures import page_picture
from tests.ingestion.hostile_archives import crowded, flat_bomb, nested_bomb, overlapping_bomb, zip_of
from tests.ingestion.invented_pdfs import pdf_with_text
from tests.ingestion.page_checks import read_one
from tests.ingestion.test_xlsx_file import raw_workbook, rows, workbook


def test_files_of_all_kinds_in_one_archive_are_pages_that_name_them(tmp_path: Path) -> None:
    mail = EmailMessage()
    mail["Subject"] = "Results"
    mail.set_content("Dear colleague,")
    mail.add_attachment(zip_of({"deep.txt": "deepest"}), maintype="application", subtype="zip", filename="more.zip")
    letter = pdf_with_text(tmp_path / "letter.pdf", "first", "second").read_bytes()
    members: dict[str, bytes | str] = {
        "1 letter.pdf": letter,
        "2 values.csv": "Test;Value\nPotassium;5,9\n",
        "3 mail.eml": mail.as_bytes(),
        "4 table.xlsx": workbook(rows(("Test", "Value"), ("Sodium", 140))),
        "5 page.html": "<html><body><h1>Title</h1><p>words</p></body></html>",
    }
    path = tmp_path / "record.zip"
    path.write_bytes(zip_of(members))
    pages, file = read_one(path)
    assert (file.kind, file.problem, file.warnings) == ("zip", None, ())
    assert [(page.part, page.text) for page in pages] == [
        ("1 letter.pdf", "first"),
        ("1 letter.pdf", "second"),
        ("2 values.csv", "Test\tValue\nPotassium\t5,9"),
        ("3 mail.eml", "Results\n\nDear colleague,"),
        ("3 mail.eml/more.zip/deep.txt", "deepest"),
        ("4 table.xlsx", "Sheet 1\n\nTest\tValue\nSodium\t140"),
        ("5 page.html", "Title\n\nwords"),
    ]
    for number in (7, 1, 5):
        assert page_picture(path, file.kind, number, width_pixels=200).startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("name", "data", "codes"),
    [
        ("flat.zip", flat_bomb(50 << 20), {"unpacks_too_large"}),
        ("crowded.zip", crowded(1_000_000), {"too_many_members"}),
        ("overlapping.zip", overlapping_bomb(50, 100_000), {"damaged"}),
        ("nested.zip", nested_bomb(4, 3, flat_bomb(1 << 20)), {"no_readable_members"}),
        ("sheet.xlsx", raw_workbook("<row><c><v>1</v></c></row>" * 600_000), {"unpacks_too_large"}),
        ("mail.eml", b"From: a@b.c\nMIME-Version: 1.0\nSubject: s\n\n" + b"x\n" * (33 << 20), {"too_large"}),
        ("line.csv", b"a,b\n" + b"x" * 50_000_001, {"too_much_text"}),
    ],
)
def test_a_bomb_becomes_one_sentence(tmp_path: Path, name: str, data: bytes, codes: set[str]) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    began = time.monotonic()
    pages, file = read_one(path, limits=Limits(file_seconds=8))
    assert time.monotonic() - began < 30
    assert pages == []
    assert file.problem is not None
    assert file.problem.code in codes
    assert file.problem.message.endswith(".")


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("letters.zip", zip_of({"letter.docx": zip_of({"word/document.xml": "<w/>"}), "a.txt": "one"}), "zip"),
        ("export.txt", b"Date;Test;Value\n2024;K;5,9\n2024;Na;140\n2024;Cl;101\n", "csv"),
        ("export", b"Date\tTest\tValue\n2024\tK\t5.9\n2024\tNa\t140\n2024\tCl\t101\n", "csv"),
        ("box", b"From a@b.c Fri Mar  1 10:00:00 2024\nFrom: a@b.c\nSubject: s\n\nbody\n", "mbox"),
        ("note.txt", b"From Monday 1 March 2024 she felt better.\nPlan: none.\n", "text"),
    ],
)
def test_what_a_file_holds_says_what_it_is(tmp_path: Path, name: str, data: bytes, kind: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    pages, file = read_one(path)
    assert pages
    assert file.kind == kind


@pytest.mark.parametrize("suffix", ["xlsx", "csv", "eml"])
def test_other_peoples_files_are_read(suffix: str) -> None:
    if "EVAL_DATA" not in os.environ:
        pytest.skip("EVAL_DATA names no folder")
    paths = sorted((Path(os.environ["EVAL_DATA"]) / "office_and_scans").glob(f"*.{suffix}"))
    assert paths
    for path in paths:
        pages, file = read_one(path)
        assert pages, path.name
        assert all(page.was_read for page in pages), path.name
        assert page_picture(path, file.kind, 1, width_pixels=200).startswith(b"\x89PNG")
