"""A workbook's sheets are read as they are shown; formulas are never calculated, and nothing hidden joins the text."""

from __future__ import annotations

import datetime
import io
import os
import time
from collections.abc import Callable
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import openpyxl
import pytest
from openpyxl.comments import Comment
from openpyxl.styles import Font, PatternFill
from openpyxl.worksheet.worksheet import Worksheet

from assistant.domain import HiddenText, HidingPlace
from assistant.ingestion.limits import Limits
from assistant.ingestion.reader import Source
from assistant.ingestion.sheets.cells import Cell
from assistant.ingestion.sheets.tables import sheet_items
from assistant.ingestion.sheets.xlsx_file import XlsxFile
from tests.ingestion.hostile_archives import zip_of
from tests.ingestion.opened_files import mutations, opened, refusal_code, survives, texts

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
Fill = Callable[[Worksheet], object]
Value = str | float | bool | datetime.datetime | None


def workbook(*sheets: Fill) -> bytes:
    """A workbook as openpyxl writes it, a sheet for each function that fills one."""
    book = openpyxl.Workbook()
    assert book.active is not None
    book.remove(book.active)
    for number, fill in enumerate(sheets, start=1):
        sheet: Worksheet = book.create_sheet(f"Sheet {number}")
        fill(sheet)
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()


def rows(*values: tuple[Value, ...]) -> Fill:
    """Fills a sheet with rows."""

    def fill(sheet: Worksheet) -> None:
        for row in values:
            sheet.append(row)

    return fill


def raw_workbook(cells: str, **others: str) -> bytes:
    """A workbook of one sheet with these rows in XML, for what openpyxl does not write."""
    parts = {
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}"><Relationship Id="r1" Type="{OFFICE}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets><sheet name="One" sheetId="1" '
        'r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}"><Relationship Id="r1" '
        f'Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="r2" '
        f'Type="{OFFICE}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{MAIN}"><sheetData>{cells}</sheetData></worksheet>',
    }
    return zip_of({**parts, **others}, ZIP_DEFLATED)


def text_of(data: bytes) -> str:
    return "\f".join(texts(opened(XlsxFile, data)))


def hidden_of(data: bytes) -> list[tuple[str, HidingPlace]]:
    file = opened(XlsxFile, data)
    found: list[HiddenText] = [hidden for n in range(1, file.page_count + 1) for hidden in file.read(n).hidden]
    return [(hidden.text, hidden.place) for hidden in found]


def test_a_sheet_is_a_heading_and_its_rows_on_pages_of_its_own() -> None:
    data = workbook(
        rows(("Test", "Value", "Unit"), ("Potassium", 5.9, "mmol/L")), rows(("a", "b"), (1, None), (None, 2))
    )
    assert text_of(data) == "Sheet 1\n\nTest\tValue\tUnit\nPotassium\t5.9\tmmol/L\fSheet 2\n\na\tb\n1\n\t2"


def test_values_stand_as_they_are_shown() -> None:
    def fill(sheet: Worksheet) -> None:
        shown: list[tuple[str, Value, str]] = [
            ("A1", datetime.datetime(2024, 3, 1, 14, 30), "d/m/yy h:mm"),  # noqa: DTZ001
            ("B1", datetime.datetime(2024, 3, 1), "d mmm yyyy"),  # noqa: DTZ001
            ("C1", 0.256, "0.0%"),
            ("D1", 5.94, "0.0"),
            ("E1", True, "General"),
            ("F1", "#REF!", "General"),
            ("G1", 7, '0" mg"'),
        ]
        for cell, value, code in shown:
            sheet[cell] = value
            sheet[cell].number_format = code

    assert text_of(workbook(fill)) == "Sheet 1\n\n2024-03-01 14:30\t2024-03-01\t25.6%\t5.9\tTRUE\t#REF!\t7 mg"


def test_a_formula_is_its_stored_value_and_is_never_calculated() -> None:
    stored = raw_workbook(
        '<row r="1"><c r="A1"><f>1+1</f><v>2</v></c><c r="B1" t="str"><f>"a"</f><v>a</v></c>'
        '<c r="C1" t="str"><f>""</f><v></v></c><c r="D1"><f>WEBSERVICE("http://127.0.0.1")</f></c></row>'
    )
    file = opened(XlsxFile, stored)
    assert texts(file) == ["One\n\n2\ta\t[formula without a stored value]"]
    assert file.warnings == ("formulas without a stored value: 1; open the file in its program and save it again",)
    assert text_of(workbook(rows(("=1+1", "x")))) == "Sheet 1\n\n[formula without a stored value]\tx"


def test_empty_rows_split_tables_and_empty_columns_are_dropped() -> None:
    def fill(sheet: Worksheet) -> None:
        sheet["C3"], sheet["F3"], sheet["C4"], sheet["F4"] = "Test", "Value", "Sodium", 140
        sheet["C9"], sheet["D9"] = "Note", "ok"

    assert text_of(workbook(fill)) == "Sheet 1\n\nTest\tValue\nSodium\t140\n\nNote\tok"


def test_a_label_stays_with_its_value_over_an_empty_column() -> None:
    def fill(sheet: Worksheet) -> None:
        for row in range(1, 6):
            sheet.cell(row, 1, f"1.{row}")
            sheet.cell(row, 2, f"label {row}")
            if row != 5:
                sheet.cell(row, 4, ":")
                sheet.cell(row, 5, f"value {row}")

    assert "1.2\tlabel 2\t:\tvalue 2" in text_of(workbook(fill))


def test_two_tables_side_by_side_are_read_one_after_the_other() -> None:
    def fill(sheet: Worksheet) -> None:
        rows(("Test", "Value"), ("Na", 140), ("K", 4.1))(sheet)
        sheet["E2"], sheet["F2"], sheet["E3"], sheet["F3"] = "Drug", "Dose", "Aspirin", 100

    assert text_of(workbook(fill)) == "Sheet 1\n\nTest\tValue\nNa\t140\nK\t4.1\n\nDrug\tDose\nAspirin\t100"


def test_empty_columns_without_end_cost_little() -> None:
    cells = [Cell(row, column, "1") for row in range(1, 40) for column in range(1, 6_000, 3)]
    began = time.monotonic()
    assert len(list(sheet_items(cells))) == 1
    assert time.monotonic() - began < 5


def test_a_title_stands_above_its_table() -> None:
    assert (
        text_of(workbook(rows(("Blood count",), ("Hb", 13), ("WBC", 7)))) == "Sheet 1\n\nBlood count\n\nHb\t13\nWBC\t7"
    )


def test_a_merged_cell_is_read_once_and_what_it_covers_is_hidden() -> None:
    cells = "".join(f'<c r="{c}1" t="str"><v>{text}</v></c>' for c, text in [("A", "over"), ("B", "under"), ("D", "x")])
    data = raw_workbook(
        f'<row r="1">{cells}</row></sheetData><mergeCells><mergeCell ref="A1:C1"/></mergeCells><sheetData>'
    )
    assert text_of(data) == "One\n\nover\tx"
    assert hidden_of(data) == [("under", HidingPlace.COVERED)]


def test_hidden_sheets_rows_and_columns_are_told_and_kept_out() -> None:
    def fill(sheet: Worksheet) -> None:
        rows(("a", "secret column", "b"), ("secret", "row", "x"), (1, 2, 3))(sheet)
        sheet.column_dimensions["B"].hidden = True
        sheet.row_dimensions[2].hidden = True

    def hide(sheet: Worksheet) -> None:
        sheet.append(("secret sheet",))
        sheet.sheet_state = "veryHidden"

    data = workbook(fill, hide)
    assert text_of(data) == "Sheet 1\n\na\tb\n1\t3"
    assert hidden_of(data) == [
        ("secret column\nsecret\trow\tx\n2", HidingPlace.INVISIBLE),
        ("secret sheet", HidingPlace.INVISIBLE),
    ]
    assert opened(XlsxFile, data).warnings == (
        "hidden sheets, kept out of the text: 1",
        "cells that are hidden, kept out of the text: 5",
    )


def test_white_letters_on_no_colour_are_hidden_and_on_a_colour_are_not() -> None:
    def fill(sheet: Worksheet) -> None:
        rows(("seen", "unseen", "on blue"), ("x", "y", "z"))(sheet)
        sheet["B1"].font = sheet["C1"].font = Font(color="FFFFFFFF")
        sheet["C1"].fill = PatternFill("solid", fgColor="FF0000FF")
        sheet["A2"].number_format = ";;;"
        sheet["C2"] = 5
        sheet["C2"].number_format = ";;;"

    assert text_of(workbook(fill)) == "Sheet 1\n\nseen\t\ton blue\n\ty"
    assert hidden_of(workbook(fill)) == [("unseen", HidingPlace.WHITE), ("x\t5", HidingPlace.INVISIBLE)]


def test_comments_and_printed_headers_are_read() -> None:
    def fill(sheet: Worksheet) -> None:
        rows(("Test", "Value"), ("K", 5.9))(sheet)
        sheet["B2"].comment = Comment("Dr. Test:\nhaemolysed", "Dr. Test")
        assert sheet.oddHeader is not None
        sheet.oddHeader.left.text = "Patient Ada Test"

    assert text_of(workbook(fill)) == (
        "Sheet 1\n\nPatient Ada Test\n\nTest\tValue\nK\t5.9\n\nComment on B2 (Dr. Test): haemolysed"
    )


def test_a_chart_sheet_is_told() -> None:
    book = openpyxl.Workbook()
    assert isinstance(book.active, Worksheet)
    book.active["A1"] = "x"
    book.create_chartsheet("Chart")
    held = io.BytesIO()
    book.save(held)
    assert opened(XlsxFile, held.getvalue()).warnings == ("charts, not read: 1",)


def test_a_claimed_size_costs_nothing() -> None:
    began = time.monotonic()
    data = raw_workbook('<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c></row>')
    assert text_of(data) == "One\n\n1\n\n2"
    assert time.monotonic() - began < 1


def test_a_place_that_no_sheet_has_is_left_out() -> None:
    data = raw_workbook('<row r="9999999"><c r="ZZZ9999999"><v>1</v></c></row><row r="2"><c r="A2"><v>2</v></c></row>')
    assert text_of(data) == "One\n\n2"


def test_cells_without_addresses_stand_one_after_the_other() -> None:
    assert (
        text_of(raw_workbook("<row><c><v>1</v></c><c><v>2</v></c></row><row><c/><c><v>3</v></c></row>"))
        == "One\n\n1\t2\n\t3"
    )


def test_a_damaged_sheet_keeps_what_comes_before_the_damage() -> None:
    file = opened(XlsxFile, raw_workbook('<row r="1"><c r="A1"><v>1</v></c></row><row r="2"><c r="A2"><v>2</v>'))
    assert texts(file)[0].startswith("One\n\n1")
    assert "damaged" in file.warnings[0]


def test_a_text_that_is_missing_is_told() -> None:
    file = opened(XlsxFile, raw_workbook('<row r="1"><c r="A1" t="s"><v>7</v></c><c r="B1"><v>1</v></c></row>'))
    assert texts(file) == ["One\n\n\ufffd\t1"]
    assert file.warnings == ("cells whose text is missing in the file: 1",)


LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha ha ha ha ha ha ha ha">' + "".join(
    f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9)
)


@pytest.mark.parametrize(
    "part",
    [
        f'{LAUGHS}]><worksheet xmlns="{MAIN}"><sheetData><row><c t="str"><v>&j;</v></c></row></sheetData></worksheet>',
        f'<!DOCTYPE x [<!ENTITY a "{"x" * 50_000}">]><worksheet xmlns="{MAIN}"><sheetData><row><c t="str"><v>'
        + "&a;" * 50_000
        + "</v></c></row></sheetData></worksheet>",
        f'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><worksheet xmlns="{MAIN}"><sheetData><row><c t="str">'
        "<v>&a;</v></c></row></sheetData></worksheet>",
        f'<!DOCTYPE x SYSTEM "http://127.0.0.1/x.dtd"><worksheet xmlns="{MAIN}"><sheetData/></worksheet>',
    ],
)
@pytest.mark.parametrize("name", ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/workbook.xml"])
def test_a_part_with_a_document_type_is_refused_in_no_time(part: str, name: str) -> None:
    began = time.monotonic()
    data = raw_workbook('<row><c t="s"><v>0</v></c></row>', **{name: part})
    assert refusal_code(XlsxFile, data) == "damaged"
    assert time.monotonic() - began < 2


def test_nesting_without_end_is_damage() -> None:
    data = raw_workbook("<row>" + "<c>" * 100_000)
    assert "damaged" in opened(XlsxFile, data).warnings[0]


def test_a_workbook_that_unpacks_too_far_is_refused() -> None:
    row = '<row r="1"><c r="A1"><v>1</v></c></row>'
    assert refusal_code(XlsxFile, raw_workbook(row * 600_000)) == "unpacks_too_large"
    assert refusal_code(XlsxFile, raw_workbook(row), unpacked_bytes=500) == "unpacks_too_large"


def test_a_cell_longer_than_any_is_cut() -> None:
    file = opened(XlsxFile, raw_workbook(f'<row><c t="str"><v>{"x" * 40_000}</v></c></row>'))
    assert sum(len(text.replace("\n", "")) for text in texts(file)) == len("One") + 32_767
    assert file.warnings == ("cells with more text than a cell can have, cut: 1",)


def test_more_text_than_a_file_may_have_is_refused() -> None:
    cells = "".join(f'<c t="str"><v>{number:010d}</v></c>' for number in range(200))
    assert refusal_code(XlsxFile, raw_workbook(f"<row>{cells}</row>"), file_characters=1_000) == "too_much_text"


def test_merged_cells_without_end_cost_little() -> None:
    merges = "".join(f'<mergeCell ref="A{n}:A1048576"/>' for n in range(1, 10_000))
    cells = "".join(f'<row r="{n}"><c r="B{n}"><v>{n}</v></c></row>' for n in range(1, 10_000))
    data = raw_workbook(f"{cells}</sheetData><mergeCells>{merges}</mergeCells><sheetData>")
    began = time.monotonic()
    opened(XlsxFile, data)
    assert time.monotonic() - began < 4


@pytest.mark.parametrize("data", [zip_of({}), zip_of({"xl/workbook.xml": "no"}), zip_of({"xl/workbook.xml": "<a/>"})])
def test_a_container_without_a_workbook_has_no_text_or_is_damaged(data: bytes) -> None:
    assert not survives(XlsxFile, data) or text_of(data) == ""


def test_mutated_workbooks_give_pages_or_a_refusal() -> None:
    packed = io.BytesIO(workbook(rows(("Test", "Value"), ("Potassium", 5.9)), rows(("=1+1", True))))
    with ZipFile(packed) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    read = []
    for name, seed in members.items():
        read += [survives(XlsxFile, zip_of({**members, name: data})) for data in mutations(seed, 25)]
    assert sum(read) > len(read) / 2


def test_other_peoples_workbooks_have_the_texts_that_openpyxl_finds() -> None:
    if "EVAL_DATA" not in os.environ:
        pytest.skip("EVAL_DATA names no folder")
    paths = sorted((Path(os.environ["EVAL_DATA"]) / "office_and_scans").glob("*.xlsx"))
    assert len(paths) >= 10
    for path in paths:
        file = XlsxFile(Source(name=path.name, path=path), Limits())
        found = {word for text in texts(file) for word in text.split()}
        book = openpyxl.load_workbook(path, data_only=True, read_only=True)
        for sheet in book.worksheets:
            if sheet.sheet_state == "visible":
                sheet.reset_dimensions()
                values = [cell for row in sheet.iter_rows(values_only=True) for cell in row]
                # Numbers are shown in their formats; texts are the same for everybody.
                words = {word for value in values if isinstance(value, str) for word in value.split()}
                assert words <= found, path.name
