"""Files are read in children, and whatever a file does it does to itself alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pymupdf
import pytest

from assistant.ingestion.child import START
from assistant.ingestion.limits import Limits
from assistant.ingestion.reading import FileRead, PageRead, Upload, read_files
from tests.ingestion.hostile_pdfs import pdf_that_claims_pages, pdf_with_huge_picture, pdf_with_laughing_page
from tests.ingestion.invented_pdfs import pdf_with_text
from tests.ingestion.page_checks import check_page, read_one


def readers() -> list[int]:
    """The ids of this process's children that read."""
    children = [int(number) for task in Path("/proc/self/task").iterdir() for number in _children(task)]
    return sorted(child for child in children if b"ingestion.worker" in Path(f"/proc/{child}/cmdline").read_bytes())


def _children(task: Path) -> list[str]:
    return (task / "children").read_text().split()


def test_pages_come_in_order_and_the_file_last(tmp_path: Path) -> None:
    path = pdf_with_text(tmp_path / "letter.pdf", "first page", "second page")
    events = list(read_files([Upload(name="letter.pdf", path=path)]))
    assert [event.page.text for event in events if isinstance(event, PageRead)] == ["first page", "second page"]
    assert [event.pages_total for event in events if isinstance(event, PageRead)] == [2, 2]
    last = events[-1]
    assert isinstance(last, FileRead)
    assert (last.file.kind, last.file.page_count, last.file.problem) == ("pdf", 2, None)
    assert last.file.size_bytes == path.stat().st_size
    assert len(last.file.sha256) == 64


def test_a_reader_serves_the_next_file_however_large_its_parent_is(tmp_path: Path) -> None:
    code = """
import sys, time
from pathlib import Path
from assistant.ingestion.reading import Upload, read_files
from tests.ingestion.test_reading import readers
large = bytearray(600 << 20)
large[::4096] = b"x" * len(large[::4096])
path = Path(sys.argv[1])
seen = []
for _ in range(3):
    list(read_files([Upload(name="a.txt", path=path)]))
    seen += readers()
assert len(set(seen)) == 1, seen
"""
    path = tmp_path / "a.txt"
    path.write_text("A letter.")
    run = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


def test_two_files_of_one_name_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text("hello")
    uploads = [Upload(name=name, path=path) for name in ("a.txt", "folder/a.txt", "b.txt")]
    names = [event.file.name for event in read_files(uploads, taken=["b.txt"]) if isinstance(event, FileRead)]
    assert names == ["a.txt", "a (2).txt", "b (2).txt"]


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("empty.pdf", b"", "empty_file"),
        ("page.pdf", b"\x1f\x8b\x08" + bytes(60), "not_a_pdf"),
        ("archive.pdf", b"PK\x03\x04" + bytes(60), "not_a_pdf"),
        ("program.pdf", b"\x7fELF" + bytes(range(256)), "not_a_pdf"),
        ("program", b"\x7fELF" + bytes(range(256)), "unknown_format"),
        ("letter.docx", b"PK\x03\x04" + bytes(26) + b"word/document.xml", "damaged"),
        ("letter.txt", b"PK\x03\x04" + bytes(26) + b"word/document.xml", "damaged"),
        ("scan.png", b"\x89PNG\r\n\x1a\n" + bytes(60), "damaged"),
        ("export.xml", b'<?xml version="1.0"?><ClinicalDocument/>', "unsupported_format"),
        ("bundle.json", b'{"resourceType": "Bundle"}', "no_pages"),
        ("letter.wps", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "unsupported_format"),
        ("broken.pdf", b"%PDF-1.7\nthis is no PDF at all", "damaged"),
    ],
)
def test_a_file_that_cannot_be_read_gives_one_problem(tmp_path: Path, name: str, content: bytes, code: str) -> None:
    path = tmp_path / "upload"
    path.write_bytes(content)
    pages, file = read_one(path, name)
    assert pages == []
    assert file.problem is not None
    assert file.problem.code == code
    assert file.problem.message.endswith(".")


def test_a_missing_file_is_a_problem_too(tmp_path: Path) -> None:
    assert read_one(tmp_path / "gone.pdf")[1].problem is not None
    assert read_one(tmp_path)[1].problem is not None


def test_text_named_pdf_is_read_as_what_it_is_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "note.pdf"
    path.write_text("Just a note.")
    pages, file = read_one(path)
    assert (file.kind, pages[0].text) == ("text", "Just a note.")
    assert "named .pdf" in file.warnings[0]


def test_a_pdf_under_any_name_is_read_as_pdf(tmp_path: Path) -> None:
    assert read_one(pdf_with_text(tmp_path / "letter.txt", "hello"))[1].kind == "pdf"


def test_a_password_is_asked_for_and_an_owner_password_is_none(tmp_path: Path) -> None:
    with pymupdf.open() as document:
        document.new_page().insert_text((72, 72), "hello")
        document.save(tmp_path / "user.pdf", encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw="u", owner_pw="o")
        document.save(tmp_path / "owner.pdf", encryption=pymupdf.PDF_ENCRYPT_AES_256, owner_pw="o")
    problem = read_one(tmp_path / "user.pdf")[1].problem
    assert problem is not None
    assert problem.code == "password_protected"
    assert read_one(tmp_path / "owner.pdf")[0][0].text == "hello"


def test_more_pages_than_the_limit_are_refused(tmp_path: Path) -> None:
    path = pdf_with_text(tmp_path / "long.pdf", *"abcdef")
    problem = read_one(path, limits=Limits(pages=5))[1].problem
    assert problem is not None
    assert problem.code == "too_many_pages"
    assert "has 6 pages, more than the limit of 5" in problem.message


def test_a_page_tree_that_lies_about_its_size_is_no_trap(tmp_path: Path) -> None:
    assert read_one(pdf_that_claims_pages(tmp_path / "liar.pdf", 2_000_000_000))[1].problem is not None


def test_more_text_pages_than_the_limit_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "long.txt"
    path.write_text("x\f" * 7)
    problem = read_one(path, limits=Limits(pages=5))[1].problem
    assert problem is not None
    assert problem.code == "too_many_pages"


def test_a_truncated_pdf_is_read_with_a_warning(tmp_path: Path) -> None:
    path = pdf_with_text(tmp_path / "letter.pdf", "first", "second")
    path.write_bytes(path.read_bytes()[:-200])
    pages, file = read_one(path)
    assert pages
    assert "pages may be missing" in file.warnings[0]


def test_a_page_without_text_counts_as_not_read(tmp_path: Path) -> None:
    pages, file = read_one(pdf_with_text(tmp_path / "scan.pdf", "first", "", "third"))
    assert pages[1].text == ""
    assert file.unread_pages == (2,)
    assert file.warnings == ("page 2: no text, not read",)


def test_a_page_that_never_ends_is_left_unread_and_the_others_are_read(tmp_path: Path) -> None:
    path = pdf_with_laughing_page(tmp_path / "laughs.pdf", laughing=2)
    pages, file = read_one(path, limits=Limits(page_seconds=0.7))
    assert [page.text for page in pages] == ["page 1", "", "page 3"]
    assert file.unread_pages == (2,)
    assert file.warnings == ("page 2: not read (too_slow)",)


def test_a_file_with_no_readable_page_is_a_problem_of_its_own(tmp_path: Path) -> None:
    bad = pdf_with_laughing_page(tmp_path / "laughs.pdf", laughing=1, pages=1)
    good = pdf_with_text(tmp_path / "good.pdf", "hello")
    uploads = [Upload(name="bad.pdf", path=bad), Upload(name="good.pdf", path=good)]
    files = [e.file for e in read_files(uploads, Limits(page_seconds=0.7)) if isinstance(e, FileRead)]
    assert [file.problem.code if file.problem else None for file in files] == ["too_slow", None]


def test_a_file_out_of_time_keeps_what_was_read(tmp_path: Path) -> None:
    path = pdf_with_laughing_page(tmp_path / "laughs.pdf", laughing=3, pages=6)
    limits = Limits(page_seconds=30, file_seconds=0.5, page_allowance_seconds=0.1)
    began = time.monotonic()
    pages, file = read_one(path, limits=limits)
    assert time.monotonic() - began < 10
    assert [page.text for page in pages] == ["page 1", "page 2", "", "", "", ""]
    assert file.unread_pages == (3, 4, 5, 6)


def test_a_picture_that_unpacks_to_gigabytes_does_not_end_the_reading(tmp_path: Path) -> None:
    pages, _ = read_one(pdf_with_huge_picture(tmp_path / "bomb.pdf"))
    assert pages[0].text == ""


def test_too_little_memory_is_said(tmp_path: Path) -> None:
    path = tmp_path / "long.txt"
    path.write_text("word " * 30_000_000)
    problem = read_one(path, limits=Limits(memory_bytes=450 << 20))[1].problem
    assert problem is not None
    assert problem.code == "too_much_memory"


def test_a_killed_reader_costs_one_page(tmp_path: Path) -> None:
    path = pdf_with_text(tmp_path / "letter.pdf", *(f"page {n} " + "text " * 3000 for n in range(1, 41)))
    events = read_files([Upload(name="letter.pdf", path=path)])
    first = next(events)
    assert isinstance(first, PageRead)
    for reader in readers():
        os.kill(reader, signal.SIGSEGV)
    rest = list(events)
    last = rest[-1]
    assert isinstance(last, FileRead)
    assert last.file.page_count == 40
    (unread,) = last.file.unread_pages
    assert last.file.warnings[0] == f"page {unread}: not read (reader_crashed)"
    for event in rest[:-1]:
        assert isinstance(event, PageRead)
        check_page(event.page)


def test_closing_the_iterator_ends_the_reader_within_a_second(tmp_path: Path) -> None:
    path = pdf_with_laughing_page(tmp_path / "laughs.pdf", laughing=2)
    with closing(read_files([Upload(name="laughs.pdf", path=path)])) as events:
        next(events)
        busy = set(readers())
        began = time.monotonic()
    assert time.monotonic() - began < 1
    assert len(busy - set(readers())) == 1


def test_a_reader_whose_parent_was_killed_ends_by_itself(tmp_path: Path) -> None:
    path = pdf_with_laughing_page(tmp_path / "laughs.pdf", laughing=2)
    code = (
        "import os, sys; from pathlib import Path; from assistant.ingestion.limits import Limits\n"
        "from assistant.ingestion.reading import Upload, read_files; from tests.ingestion.test_reading import readers\n"
        "events = read_files([Upload(name='a', path=Path(sys.argv[1]))], Limits(page_seconds=1.5)); next(events)\n"
        "print(*readers(), flush=True); os._exit(1)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False)
    reader = Path("/proc") / done.stdout.strip()
    assert reader.name.isdigit()
    until = time.monotonic() + 10
    while _runs(reader) and time.monotonic() < until:
        time.sleep(0.1)
    assert not _runs(reader)


def _runs(process: Path) -> bool:
    try:
        return (process / "stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_the_reader_is_warm_for_the_next_file(tmp_path: Path) -> None:
    path = pdf_with_text(tmp_path / "letter.pdf", "hello")
    read_one(path)
    before = readers()
    read_one(path)
    assert readers() == before


def test_a_reader_loads_neither_models_nor_screens() -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", f"{START.removesuffix('main()')} print(*(m for m in sys.modules if sys.modules[m]))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert "pymupdf" in loaded
    unwanted = {"torch", "gradio", "langchain_core", "transformers", "chromadb", "onnxruntime", "pydantic"}
    assert not unwanted & set(loaded)
