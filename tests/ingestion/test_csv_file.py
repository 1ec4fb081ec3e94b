"""CSV keeps its rows and columns, whatever separates them."""

from __future__ import annotations

import csv
import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.ingestion.flow.items import Row, Table
from assistant.ingestion.limits import Limits
from assistant.ingestion.reader import Source
from assistant.ingestion.sheets.csv_dialect import delimiter, is_table, looks_like_heading
from assistant.ingestion.sheets.csv_file import CsvFile, csv_items
from tests.ingestion.opened_files import mutations, opened, refusal_code, survives, texts


def text_of(data: str | bytes) -> str:
    return "\n".join(texts(opened(CsvFile, data.encode() if isinstance(data, str) else data)))


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("a,b,c\n1,2,3\n", ","),
        ("a;b;c\n1,5;2,5;3\n", ";"),
        ("Date;Value\n2024-03-01;5,9\n2024-03-02;6,1\n", ";"),
        ("name\tvalue\nTest, Ada\t5\nTest, Ben\t6\n", "\t"),
        ("a|b\n1|2\n", "|"),
        ('a,b\n"1;2;3","4;5;6"\n"1;2","7"\n', ","),
        ("one\ntwo\n", ","),
        ("", ","),
    ],
)
def test_the_delimiter_is_what_the_rows_agree_on(text: str, mark: str) -> None:
    assert delimiter(text) == mark


def test_a_row_is_a_line_with_tabs_between_its_cells() -> None:
    assert text_of("Test;Value;Unit\nPotassium;5,9;mmol/L\n") == "Test\tValue\tUnit\nPotassium\t5,9\tmmol/L"


def test_excels_own_first_line_says_the_delimiter_and_is_no_row() -> None:
    assert text_of("sep=:\na:b\n1:2\n") == "a\tb\n1\t2"


def test_titles_stand_above_and_gaps_end_a_table() -> None:
    text = text_of("Laboratory report\nTest,Value\nSodium,140\n,,\n,,\nNote,fine\nBy,A. Test\n")
    assert text == "Laboratory report\n\nTest\tValue\nSodium\t140\n\nNote\tfine\nBy\tA. Test"


def test_ragged_rows_keep_what_they_have() -> None:
    assert text_of("a,b,c\n1,2\n1,2,3,4\n") == "a\tb\tc\n1\t2\n1\t2\t3\t4"


def test_a_formula_is_a_text() -> None:
    assert text_of("a,b\n=1+1,@SUM(A1)\n") == "a\tb\n=1+1\t@SUM(A1)"


def test_quoted_cells_hold_delimiters_breaks_and_marks() -> None:
    assert text_of('a,b\n"x, y","say ""no"""\n"two\nlines",z\n') == 'a\tb\nx, y\tsay "no"\ntwo lines\tz'


def test_a_quotation_mark_never_closed_swallows_nothing() -> None:
    rows = "".join(f"{number},x\n" for number in range(300))
    file = opened(CsvFile, ('a,b\n"height 6,1\n' + rows).encode())
    assert texts(file)[0].startswith('a\tb\n"height 6\t1\n0\tx')
    assert "never closed" in file.warnings[0]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_any_encoding_of_text_files_is_read(encoding: str) -> None:
    assert text_of("Größe;Wert\nä;1\n".encode(encoding)) == "Größe\tWert\nä\t1"


@pytest.mark.parametrize(
    ("row", "is_heading"),
    [
        (["Test", "Value"], True),
        (["Test", "Test"], False),
        (["Test", ""], False),
        (["Test", "5.9"], False),
        (["Test", "2024-03-01"], False),
        (["Test", "> 5"], False),
        (["Test", "x" * 200], False),
        (["Test"], False),
    ],
)
def test_a_heading_names_its_columns(row: list[str], is_heading: bool) -> None:
    assert looks_like_heading(row, [["a", "b"]]) is is_heading
    assert not looks_like_heading(row, [])


@pytest.mark.parametrize(
    ("text", "is_csv"),
    [
        ("Date;Test;Value\n1;a;2\n2;b;3\n3;c;4\n", True),
        ("Date,Test,Value,Unit\n1,a,2,x\n2,b,3,x\n3,c,4,x\n", True),
        ("Dear Anna,\nthank you, as ever, for\nthe referral, which,\nas said, helped, a lot,\n", False),
        ("Date;Test;Value\n1;a;2\n2;b;3\n3;c;4\n4;", True),
        ("Date;Test;Value\n1;a;2\n2;b\n3;c;4\n", False),
        ("one\ntwo\nthree\nfour\nfive\n", False),
        ("", False),
    ],
)
def test_a_text_is_a_table_only_if_every_line_says_so(text: str, is_csv: bool) -> None:
    assert is_table(text) is is_csv


@given(st.lists(st.lists(st.sampled_from(["a", "5.9", "x y", "p, q", "ä"]), min_size=2, max_size=6), min_size=1))
def test_every_cell_comes_out_once_and_in_order(rows: list[list[str]]) -> None:
    lines = [",".join(f'"{cell}"' for cell in row) for row in rows]
    text = text_of("sep=,\n" + "\n".join(lines))
    assert text.split() == [word for row in rows for cell in row for word in cell.split()]


def test_more_text_than_a_file_may_have_is_refused() -> None:
    assert refusal_code(CsvFile, b"a,b\n" * 100, file_characters=300) == "too_much_text"
    assert refusal_code(CsvFile, "ä,b\n".encode() * 100, file_characters=300) == "too_much_text"


@pytest.mark.parametrize(
    "data", [b"x" * 1_000_000, b"a," * 100_000, b'"' * 1_000_000, b"\n" * 1_000_000, b"\0,\0\n" * 1000]
)
def test_one_line_without_end_and_its_like_cost_little(data: bytes) -> None:
    began = time.monotonic()
    opened(CsvFile, data)
    assert time.monotonic() - began < 5


def test_mutated_tables_are_read() -> None:
    seed = 'sep=;\nDate;Test;Value\n2024-03-01;"Potassium, ""K""";5,9\n\nNote;größer;1\n'.encode()
    assert all(survives(CsvFile, data) for data in mutations(seed, 300))


def test_other_peoples_files_keep_every_cell() -> None:
    if "EVAL_DATA" not in os.environ:
        pytest.skip("EVAL_DATA names no folder")
    marks = {"semicolon": ";", "tab": "\t", "pipe": "|"}
    paths = sorted((Path(os.environ["EVAL_DATA"]) / "office_and_scans").glob("*.csv"))
    assert len(paths) >= 9
    for path in paths:
        with path.open(newline="") as lines:
            rows = list(csv.reader(lines, delimiter=marks.get(path.stem.removeprefix("csv-"), ",")))
        text = "\n".join(texts(CsvFile(Source(name=path.name, path=path), Limits())))
        assert text.splitlines() == ["\t".join(" ".join(cell.split()) for cell in row) for row in rows], path.name


def test_rows_stay_in_tables_small_enough_to_lay_out() -> None:
    items = list(csv_items(iter([["a", "b"], *([["1", "2"]] * 1_200)])))
    assert [len(item.rows) for item in items if isinstance(item, Table)] == [500, 500, 201]
    assert isinstance(items[0], Table)
    assert items[0].rows[0] == Row(cells=("a", "b"), is_heading=True)
