"""A row of a table is one line with a tab between its cells; prose, however loosely set, has none."""

from __future__ import annotations

import random

import pymupdf
import pytest

from tests.ingestion.drawn_pages import Draw, read_drawn
from tests.ingestion.invented_pdfs import LAB_ROWS, PROSE, table

STOPS = (60.0, 230.0, 300.0, 380.0, 480.0)
POTASSIUM = "Potassium\t5.9\tmmol/L\t3.5-5.1\tH"


def text_of(draw: Draw) -> str:
    return read_drawn(draw).composed.text


def lines_of(draw: Draw) -> list[str]:
    return [line for line in text_of(draw).splitlines() if line]


def laboratory(page: pymupdf.Page) -> None:
    table(page, LAB_ROWS, STOPS)


def grid(page: pymupdf.Page, tops: list[float], edges: list[float]) -> None:
    for y in tops:
        page.draw_line((edges[0], y), (edges[-1], y), width=0.5)
    for x in edges:
        page.draw_line((x, tops[0]), (x, tops[-1]), width=0.5)


def test_an_empty_cell_keeps_its_place() -> None:
    rows = (
        ("Test", "9 May", "2 June", "7 July"),
        ("TSH", "", "3.1", ""),
        ("CRP", "5", "", "12"),
        ("ALT", "1", "2", "3"),
    )
    assert lines_of(lambda page: table(page, rows, (60, 200, 300, 400))) == [
        "Test\t9 May\t2 June\t7 July",
        "TSH\t\t3.1",
        "CRP\t5\t\t12",
        "ALT\t1\t2\t3",
    ]


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_a_table_on_a_turned_page_keeps_its_rows(rotation: int) -> None:
    def draw(page: pymupdf.Page) -> None:
        page.set_rotation(rotation)
        turn = page.derotation_matrix
        for row, cells in enumerate(LAB_ROWS):
            for x, cell in zip((60, 230, 300, 380, 480), cells, strict=True):
                page.insert_text(pymupdf.Point(x, 150 + row * 16) * turn, cell, fontsize=10, rotate=rotation)

    assert POTASSIUM in read_drawn(draw, rotation=rotation).composed.text.splitlines()


def test_what_a_cell_wraps_stays_in_its_row() -> None:
    def draw(page: pymupdf.Page) -> None:
        stops = (60.0, 180.0, 260.0, 420.0)
        table(page, (("Metformin", "500 mg", "One twice a day together with", "Diabetes"),), stops, top=150)
        page.insert_text((260, 162), "breakfast and supper", fontsize=10)
        table(page, (("Ramipril", "5 mg", "One each morning", "Pressure"),), stops, top=180)
        table(page, (("Atorvastatin", "20 mg", "One at night", "Prevention"),), stops, top=198)
        table(page, (("Insulin glargine", "12 units", "At night", "Diabetes"),), stops, top=216)
        page.insert_text((60, 228), "in a pen", fontsize=10)

    assert lines_of(draw) == [
        "Metformin\t500 mg\tOne twice a day together with breakfast and supper\tDiabetes",
        "Ramipril\t5 mg\tOne each morning\tPressure",
        "Atorvastatin\t20 mg\tOne at night\tPrevention",
        "Insulin glargine in a pen\t12 units\tAt night\tDiabetes",
    ]


def test_rows_without_a_first_cell_stay_rows() -> None:
    rows = (("9 May", "Potassium", "5.9"), ("", "Sodium", "139"), ("2 June", "Potassium", "4.8"), ("", "Sodium", "141"))
    assert lines_of(lambda page: table(page, rows, (60, 180, 300))) == ["\t".join(row) for row in rows]


def test_rules_part_rows_and_cells_that_alignment_does_not() -> None:
    def draw(page: pymupdf.Page) -> None:
        grid(page, [100, 140, 180, 220], [60, 160, 190, 300])
        for row, (name, value, note) in enumerate(
            (("Potassium level in", "5.9", "Repeat the test in"), ("Haemoglobin after", "98", "Give two units of")),
            start=0,
        ):
            top = 115 + 40 * row
            page.insert_text((63, top), name, fontsize=10)
            page.insert_text((63, top + 12), "the blood today", fontsize=10)
            page.insert_text((163, top + 6), value, fontsize=10)
            page.insert_text((193, top), note, fontsize=10)
            page.insert_text((193, top + 12), "the Morning, please", fontsize=10)

    lines = lines_of(draw)
    assert lines == [
        "Potassium level in the blood today\t5.9\tRepeat the test in the Morning, please",
        "Haemoglobin after the blood today\t98\tGive two units of the Morning, please",
    ]


def test_numbers_one_below_the_other_are_two_rows_even_between_rules() -> None:
    def draw(page: pymupdf.Page) -> None:
        for y in (100, 130, 160, 190):
            page.draw_line((60, y), (400, y), width=0.5)
        for row, day in enumerate(("3 May", "4 May", "5 May")):
            for line, (hour, pulse) in enumerate((("morning", 88 + row), ("evening", 92 + row))):
                top = 111 + 30 * row + 12 * line
                for x, cell in ((64, day if line == 0 else ""), (150, hour), (300, str(pulse))):
                    page.insert_text((x, top), cell, fontsize=10)

    assert lines_of(draw)[:2] == ["3 May\tmorning\t88", "\tevening\t92"]


def test_an_upright_rule_parts_cells_that_stand_close() -> None:
    def draw(page: pymupdf.Page) -> None:
        grid(page, [100, 116, 132], [60, 110, 135, 180])
        for row, cells in enumerate((("Potassium", "5.9", "mmol/L"), ("Sodium", "139", "mmol/L"))):
            for x, cell in zip((62, 112, 137), cells, strict=True):
                page.insert_text((x, 112 + 16 * row), cell, fontsize=10)

    assert lines_of(draw) == ["Potassium\t5.9\tmmol/L", "Sodium\t139\tmmol/L"]


def test_words_with_a_marker_behind_each_are_no_cells() -> None:
    def draw(page: pymupdf.Page) -> None:
        page.insert_text((60, 100), "Potassium was high and is lower now", fontsize=10)
        for x0, y0, x1, y1, *_ in page.get_text("words"):
            page.draw_rect((x0, y0, x1, y1), fill=(1, 1, 0.5), color=None, width=0, overlay=False)

    assert text_of(draw) == "Potassium was high and is lower now"


def test_columns_with_narrow_gaps_are_cells_where_they_stand_in_line() -> None:
    rows = tuple((f"Day{n}", f"{130 + n}", f"{3 + n / 10}", f"{70 + n}") for n in range(6))
    lines = lines_of(lambda page: table(page, rows, (60, 90, 115, 138)))
    assert lines == ["\t".join(row) for row in rows]


@pytest.mark.parametrize("width", [475, 225])
def test_justified_prose_has_no_tabs(width: int) -> None:
    def draw(page: pymupdf.Page) -> None:
        page.insert_textbox((60, 60, 60 + width, 800), PROSE * 5, fontsize=11, fontname="tiro", align=3)

    text = text_of(draw)
    assert "\t" not in text
    assert text.split() == (PROSE * 5).split()


LONG_WORDS = "gastrointestinal musculoskeletal electrocardiogram hydrochlorothiazide acetaminophen unremarkable"


@pytest.mark.parametrize("seed", range(3))
def test_two_justified_columns_are_read_one_after_the_other(seed: int) -> None:
    chance = random.Random(seed)
    columns = [" ".join(chance.choices(f"{PROSE} {PROSE} {LONG_WORDS}".split(), k=170)) for _ in range(2)]

    def draw(page: pymupdf.Page) -> None:
        for x, words in zip((60, 310), columns, strict=True):
            page.insert_textbox((x, 60, x + 225, 800), words, fontsize=9, fontname="tiro", align=3)

    text = text_of(draw)
    assert text.split() == " ".join(columns).split()
    assert "\t" not in text


def test_a_list_is_prose_with_its_marks() -> None:
    items = ("Father died at 61 of a heart attack", "Mother is well and lives alone", "No other disease in the family")

    def draw(page: pymupdf.Page) -> None:
        for row, item in enumerate(items):
            page.insert_text((60, 100 + 16 * row), f"{row + 1}.", fontsize=10)
            page.insert_text((82, 100 + 16 * row), item, fontsize=10)

    assert lines_of(draw) == [f"{row + 1}. {item}" for row, item in enumerate(items)]


def test_a_lone_line_with_a_wide_gap_has_a_tab_there() -> None:
    def draw(page: pymupdf.Page) -> None:
        page.insert_text((60, 100), "Discharge summary", fontsize=10)
        page.insert_text((400, 100), "Page 1 of 3", fontsize=10)

    assert text_of(draw) == "Discharge summary\tPage 1 of 3"


def test_a_table_keeps_apart_from_the_prose_around_it() -> None:
    def draw(page: pymupdf.Page) -> None:
        page.insert_textbox((60, 60, 535, 140), PROSE, fontsize=10)
        laboratory(page)
        page.insert_textbox((60, 260, 535, 400), PROSE, fontsize=10)

    blocks = text_of(draw).split("\n\n")
    assert [block.count("\t") for block in blocks] == [0, sum(len([c for c in row if c]) - 1 for row in LAB_ROWS), 0]
    assert POTASSIUM in blocks[1].splitlines()
