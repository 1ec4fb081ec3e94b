"""A number stands in the text as its spreadsheet shows it, a date in ISO 8601."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.styles.numbers import BUILTIN_FORMATS
from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH

from assistant.ingestion.sheets.number_formats import general, shown_number, shown_text


@pytest.mark.parametrize(
    ("value", "code", "shown"),
    [
        (5.9, "General", "5.9"),
        (0.1 + 0.2, "General", "0.3"),
        (1234567890123, "General", "1234567890123"),
        (1e-7, "General", "0.0000001"),
        (5.94, "0.0", "5.9"),
        (2.675, "0.00", "2.68"),
        (7, "000", "007"),
        (7, "0#", "07"),
        (0.5, "0.#0", "0.50"),
        (3, "0.##", "3"),
        (-0.001, "0.00", "0.00"),
        (0.256, "0.0%", "25.6%"),
        (1234567.891, "#,##0.00", "1,234,567.89"),
        (-5, "#,##0_);[Red](#,##0)", "(5)"),
        (-12, "0.0", "-12.0"),
        (0, '0;-0;"none"', "none"),
        (5, ";;;", ""),
        (37.2, '0.0" °C"', "37.2 °C"),
        (5, 'General" mg"', "5 mg"),
        (5, "@", "5"),
        (0.5, '[<1]"<1";0', "<1"),
        (5, '[<1]"<1";0', "5"),
        (0.5, "# ?/?", "0.5"),
        (12345, "0.00E+00", "1.23E+04"),
        (1_500_000, '0.0,,"M"', "1.5M"),
        (123456789, r"000\-00\-0000", "123-45-6789"),
        (1234.5, "[$€-407] #,##0.00", "€ 1,234.50"),
        (float("inf"), "0.0", "inf"),
    ],
)
def test_numbers_are_shown_in_their_format(value: float, code: str, shown: str) -> None:
    assert shown_number(value, code, WINDOWS_EPOCH) == shown


@pytest.mark.parametrize(
    ("value", "code", "shown"),
    [
        (45352, "mm-dd-yy", "2024-03-01"),
        (45352, 'yyyy"年"m"月"d"日"', "2024-03-01"),
        (45352, "[$-F800]dddd, mmmm dd, yyyy", "2024-03-01"),
        (45352, "mmm-yy", "2024-03"),
        (45352, "yyyy", "2024"),
        (45352.604166666667, "m/d/yy h:mm", "2024-03-01 14:30"),
        (45352.604166666667, "yyyy-mm-dd hh:mm:ss", "2024-03-01 14:30:00"),
        (0.604166666667, "h:mm AM/PM", "14:30"),
        (45352.604166666667, "h:mm", "14:30"),
        (1.5, "[h]:mm", "36:00"),
        (0.5, "[mm]:ss", "720:00"),
        (0, "yyyy-mm-dd", "0"),
        (-3, "yyyy-mm-dd", "-3"),
        (1e9, "yyyy-mm-dd", "1000000000"),
    ],
)
def test_dates_and_times_become_iso(value: float, code: str, shown: str) -> None:
    assert shown_number(value, code, WINDOWS_EPOCH) == shown


def test_a_workbook_may_count_its_days_from_1904() -> None:
    assert shown_number(0.5 + 43890, "yyyy-mm-dd hh:mm", MAC_EPOCH) == "2024-03-01 12:00"


@pytest.mark.parametrize(
    ("code", "shown"), [("General", "x"), ("0.0", "x"), ("@", "x"), (";;;", ""), ('0;0;0;"re "@', "re x")]
)
def test_texts_have_a_format_too(code: str, shown: str) -> None:
    assert shown_text("x", code) == shown


@given(st.floats(min_value=-1e300, max_value=1e300))
def test_a_number_without_format_keeps_fifteen_digits(value: float) -> None:
    assert float(general(value)) == pytest.approx(value, rel=1e-14)


@given(st.floats(min_value=-1e15, max_value=1e15), st.sampled_from(sorted(BUILTIN_FORMATS.values())))
def test_every_built_in_format_shows_every_number(value: float, code: str) -> None:
    assert shown_number(value, code, WINDOWS_EPOCH)


@given(st.floats(), st.text(alphabet='0#?.,;%@"\\_*[]<>=1yMdhsE+-/ AP:', max_size=30))
def test_no_format_code_fails(value: float, code: str) -> None:
    shown_number(value, code, WINDOWS_EPOCH)
    shown_text("x", code)


@given(st.datetimes(min_value=datetime.datetime(1900, 3, 1), max_value=datetime.datetime(2099, 12, 31)))  # noqa: DTZ001
def test_every_day_comes_back(moment: datetime.datetime) -> None:
    serial = (moment - WINDOWS_EPOCH) / datetime.timedelta(days=1)
    assert shown_number(float(int(serial)), "d/m/yyyy", WINDOWS_EPOCH) == moment.date().isoformat()
