"""File names are made fit to show and to cite."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.ingestion.names import clean_name, unique_name


@pytest.mark.parametrize(
    ("given_name", "clean"),
    [
        ("letter.pdf", "letter.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\scan.pdf", "scan.pdf"),
        ("a\x00b\nc\x7f.pdf", "abc.pdf"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("  two   spaces .pdf ", "two spaces .pdf"),
        ("..", "unnamed"),
        ("", "unnamed"),
        ("/", "unnamed"),
        ("caf\u0065\u0301.txt", "caf\u00e9.txt"),
        ("bad\udcffbyte.pdf", "bad\ufffdbyte.pdf"),
    ],
)
def test_a_name_loses_its_path_and_what_nobody_sees(given_name: str, clean: str) -> None:
    assert clean_name(given_name) == clean


def test_a_long_name_keeps_its_suffix() -> None:
    name = clean_name("x" * 500 + ".pdf")
    assert len(name) == 120
    assert name.endswith("x.pdf")


def test_a_repeated_name_gets_a_number_before_its_suffix() -> None:
    assert unique_name("a.pdf", ["a.pdf"]) == "a (2).pdf"
    assert unique_name("a.pdf", ["a.pdf", "a (2).pdf"]) == "a (3).pdf"
    assert unique_name("A.PDF", ["a.pdf"]) == "A (2).PDF"
    assert unique_name("b.pdf", ["a.pdf"]) == "b.pdf"


@given(st.text(max_size=200))
def test_any_name_becomes_one_that_can_be_shown_and_stored(name: str) -> None:
    clean = clean_name(name)
    assert clean
    assert clean.encode()
    assert "/" not in clean
    assert clean.isprintable()
    assert clean_name(clean) == clean
