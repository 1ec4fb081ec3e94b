"""Small PDFs with bytes changed at random: pages or one clear problem each, and the reader lives on."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from pathlib import Path

import pymupdf
import pytest

from assistant.ingestion.limits import Limits
from assistant.ingestion.problems import SENTENCES
from tests.ingestion.drawn_pages import WHITE, fill, scan_of
from tests.ingestion.invented_pdfs import LAB_ROWS, table
from tests.ingestion.page_checks import read_one
from tests.ingestion.test_pdf_forms import form, widget

LIMITS = Limits(page_seconds=2.0, file_seconds=4.0)
FILES_A_SEED = 25
CHANGES = 12
LONGEST_SECONDS = 12.0
_NUMBER = re.compile(rb"\d+")


def a_table() -> pymupdf.Document:
    document = pymupdf.open()
    table(document.new_page(), LAB_ROWS, (60, 230, 300, 380, 480))
    return document


def hidden_words() -> pymupdf.Document:
    document = pymupdf.open()
    page = document.new_page()
    page.insert_text((72, 100), "seen")
    page.insert_text((72, 120), "off", oc=document.add_ocg("draft", on=False))
    page.insert_text((72, 140), "white", color=WHITE)
    fill(page, (60, 180, 400, 210), WHITE)
    page.insert_text((72, 200), "over")
    return document


def a_form() -> pymupdf.Document:
    return form(
        widget(pymupdf.PDF_WIDGET_TYPE_TEXT, "74.2 kg"),
        widget(pymupdf.PDF_WIDGET_TYPE_CHECKBOX, True, pymupdf.Rect(50, 95, 62, 107)),
    )


def a_scan_with_a_note() -> pymupdf.Document:
    document = pymupdf.open()
    page = document.new_page()
    page.insert_image(page.rect, pixmap=scan_of("Potassium 5.9", dpi=20))
    page.add_text_annot((300, 90), "a note")
    page.set_rotation(90)
    return document


@pytest.mark.parametrize("seed", [a_table, hidden_words, a_form, a_scan_with_a_note])
def test_a_changed_file_gives_pages_or_a_clear_problem(tmp_path: Path, seed: Callable[[], pymupdf.Document]) -> None:
    whole = seed().tobytes(deflate=False, clean=False)
    chance = random.Random(seed.__name__)
    path = tmp_path / "changed.pdf"
    problems = 0
    for _ in range(FILES_A_SEED):
        path.write_bytes(changed(whole, chance))
        began = time.monotonic()
        _, file = read_one(path, limits=LIMITS)
        assert time.monotonic() - began < LONGEST_SECONDS
        if file.problem is not None:
            problems += 1
            assert file.problem.code in SENTENCES
            assert file.problem.code != "reader_crashed"
    # Changes that nothing survives, or that nothing notices, would test little.
    assert problems < FILES_A_SEED


def changed(data: bytes, chance: random.Random) -> bytes:
    """The file with some bytes, stretches and numbers changed."""
    made = bytearray(data)
    for _ in range(chance.randint(1, CHANGES)):
        at = chance.randrange(len(made))
        length = chance.choice((1, 4, 40, 400))
        match chance.randrange(5):
            case 0:
                made[at] = chance.randrange(256)
            case 1:
                del made[at : at + length]
            case 2:
                made[at:at] = made[at : at + length]
            case 3:
                made[at : at + length] = chance.randbytes(length)
            case _:
                _change_a_number(made, at, chance)
    return bytes(made)


def _change_a_number(made: bytearray, at: int, chance: random.Random) -> None:
    found = _NUMBER.search(made, at)
    if found is not None:
        made[found.start() : found.end()] = chance.choice((b"0", b"-1", b"3", b"65536", b"99999999999", b"1e308"))
