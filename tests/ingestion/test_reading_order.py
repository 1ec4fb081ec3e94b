"""Words are read as a person reads the page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pymupdf
import pytest

from assistant.ingestion.limits import Limits
from assistant.ingestion.pdf.file import PdfFile
from assistant.ingestion.reader import Source
from tests.ingestion.invented_pdfs import LAB_ROWS, MEDICATION_ROWS, PROSE, column, table

Draw = Callable[[pymupdf.Page], None]


@pytest.fixture
def text_of(tmp_path: Path) -> Callable[[Draw], str]:
    def read(draw: Draw) -> str:
        with pymupdf.open() as document:
            draw(document.new_page(width=595, height=842))
            document.save(tmp_path / "page.pdf")
        return PdfFile(Source(name="page.pdf", path=tmp_path / "page.pdf"), Limits()).read(1).composed.text

    return read


def prose(name: str, words: int) -> str:
    return f"{name}-begins " + " ".join((PROSE * 9).split()[:words]) + f" {name}-ends"


def in_order(text: str, *marks: str) -> bool:
    places = [text.index(mark) for mark in marks]
    return places == sorted(places)


@pytest.mark.parametrize("shift", [0, 4, 6.5])
def test_two_columns_are_read_one_after_the_other(text_of: Callable[[Draw], str], shift: float) -> None:
    def draw(page: pymupdf.Page) -> None:
        page.insert_text((72, 80), "A title that runs across both of the columns of this page", fontsize=12)
        column(page, prose("left", 150), 60, 285)
        column(page, prose("right", 120), 310, 535, top=120 + shift)

    text = text_of(draw)
    assert in_order(text, "A title", "left-begins", "left-ends", "right-begins", "right-ends")


def test_three_columns_are_read_one_after_the_other(text_of: Callable[[Draw], str]) -> None:
    def draw(page: pymupdf.Page) -> None:
        for x, name in zip((40, 215, 390), ("first", "second", "third"), strict=True):
            column(page, prose(name, 90), x, x + 160)

    text = text_of(draw)
    assert in_order(text, "first-begins", "first-ends", "second-begins", "second-ends", "third-begins", "third-ends")


def test_columns_between_a_paragraph_and_a_table_keep_their_place(text_of: Callable[[Draw], str]) -> None:
    def draw(page: pymupdf.Page) -> None:
        column(page, prose("top", 50), 60, 535, top=60, bottom=140)
        column(page, prose("left", 100), 60, 285, top=160, bottom=400)
        column(page, prose("right", 100), 310, 535, top=160, bottom=400)
        table(page, LAB_ROWS, (60, 200, 240, 330, 440), top=410)  # no cell crosses the columns' edge

    text = text_of(draw)
    assert in_order(text, "top-ends", "left-begins", "left-ends", "right-begins", "right-ends", "Test\tResult")
    assert "Potassium\t5.9\tmmol/L\t3.5-5.1\tH\nSodium" in text


def test_a_laboratory_row_stays_on_one_line(text_of: Callable[[Draw], str]) -> None:
    lines = text_of(lambda page: table(page, LAB_ROWS, (60, 230, 300, 380, 480))).splitlines()
    assert lines == ["\t".join(row).rstrip("\t") for row in LAB_ROWS]


@pytest.mark.parametrize(("cells", "stops"), [(3, (50, 220, 430)), (2, (50, 300))])
def test_a_medication_row_with_wide_cells_stays_on_one_line(
    text_of: Callable[[Draw], str], cells: int, stops: tuple[float, ...]
) -> None:
    rows = tuple(row[:cells] for row in MEDICATION_ROWS)
    lines = text_of(lambda page: table(page, rows, stops)).splitlines()
    assert lines == ["\t".join(row) for row in rows]


def test_rows_of_equally_long_cells_are_no_columns(text_of: Callable[[Draw], str]) -> None:
    rows = tuple(
        (f"Ward {ward} has twenty beds now", f"Nurse {ward} is in charge there") for ward in ("A", "B", "C", "D", "E")
    )
    lines = text_of(lambda page: table(page, rows, (60, 310))).splitlines()
    assert lines == ["\t".join(row) for row in rows]


def test_notes_beside_prose_that_do_not_stand_level_are_a_column(text_of: Callable[[Draw], str]) -> None:
    notes = ("Blood pressure was measured twice", "Dose lowered", "Next visit to be arranged by phone", "Call her son")

    def draw(page: pymupdf.Page) -> None:
        column(page, prose("body", 120), 60, 285)
        for row, note in enumerate(notes):
            page.insert_text((310, 133 + 31 * row), note, fontsize=9)

    text = text_of(draw)
    assert in_order(text, "body-begins", "body-ends", *notes)


def test_a_stamp_up_the_margin_does_not_cut_a_sentence(text_of: Callable[[Draw], str]) -> None:
    def draw(page: pymupdf.Page) -> None:
        column(page, prose("body", 200), 60, 535, top=60, bottom=700)
        page.insert_text((40, 300), "COPY FOR THE FAMILY DOCTOR", rotate=90, fontsize=10)

    assert text_of(draw).endswith("body-ends\n\nCOPY FOR THE FAMILY DOCTOR")


def test_words_drawn_twice_to_look_bold_are_read_once(text_of: Callable[[Draw], str]) -> None:
    def draw(page: pymupdf.Page) -> None:
        page.insert_text((72, 80.2), "Allergies", fontsize=12)
        page.insert_text((72.3, 80.2), "Allergies", fontsize=12)

    assert text_of(draw) == "Allergies"


def test_a_gap_between_paragraphs_ends_a_block(text_of: Callable[[Draw], str]) -> None:
    def draw(page: pymupdf.Page) -> None:
        for y, line in ((80, "one"), (94, "two"), (130, "three")):
            page.insert_text((72, y), line, fontsize=11)

    assert text_of(draw) == "one\ntwo\n\nthree"


def test_ligatures_are_taken_apart(text_of: Callable[[Draw], str]) -> None:
    def draw(page: pymupdf.Page) -> None:
        writer = pymupdf.TextWriter(page.rect)
        writer.append((72, 80), "\ufb01brillation", font=pymupdf.Font("cjk"), fontsize=11)
        writer.write_text(page)

    assert text_of(draw) == "fibrillation"
