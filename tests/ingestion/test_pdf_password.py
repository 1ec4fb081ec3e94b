"""A protected PDF opens with its user's or its owner's password, and with no other."""

from __future__ import annotations

from pathlib import Path

import pymupdf
import pytest

from assistant.errors import FileRefusedError
from assistant.ingestion.limits import Limits
from assistant.ingestion.pdf.file import PdfFile
from assistant.ingestion.pdf.password import unlocked
from assistant.ingestion.reader import Source

METHODS = (pymupdf.PDF_ENCRYPT_AES_256, pymupdf.PDF_ENCRYPT_AES_128, pymupdf.PDF_ENCRYPT_RC4_128)


def protected(method: int = METHODS[0]) -> Source:
    with pymupdf.open() as document:
        document.new_page().insert_text((72, 72), "hello")
        return Source(name="a.pdf", data=document.tobytes(encryption=method, user_pw="üser", owner_pw="owner"))


def text_of(data: bytes) -> str:
    return PdfFile(Source(name="a.pdf", data=data), Limits()).read(1).composed.text


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("password", ["üser", "owner"])
def test_either_password_gives_a_copy_that_needs_none(method: int, password: str) -> None:
    assert text_of(unlocked(protected(method), password, Limits())) == "hello"


@pytest.mark.parametrize("password", ["", "Owner", "wrong" * 100])
def test_another_password_is_refused(password: str) -> None:
    with pytest.raises(FileRefusedError) as refused:
        unlocked(protected(), password, Limits())
    assert refused.value.code == "wrong_password"


def test_a_file_on_disk_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    data = protected().read_bytes()
    path.write_bytes(data)
    assert text_of(unlocked(Source(name="a.pdf", path=path), "owner", Limits())) == "hello"
    assert path.read_bytes() == data


def test_a_file_that_is_no_pdf_is_refused() -> None:
    with pytest.raises(FileRefusedError) as refused:
        unlocked(Source(name="a.pdf", data=b"<html><body>no</body></html>"), "x", Limits())
    assert refused.value.code == "not_a_pdf"


def test_a_copy_larger_than_a_file_may_be_is_refused() -> None:
    with pytest.raises(FileRefusedError) as refused:
        unlocked(protected(), "owner", Limits(file_bytes=100))
    assert refused.value.code == "too_large"
