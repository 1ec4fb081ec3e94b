from __future__ import annotations

import pytest

from assistant.understanding.written_dates import DayOrder, day_order, written_dates


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("6 Nov 2020", "2020-11-06"),
        ("Mar 12, 1951", "1951-03-12"),
        ("3rd of March, 2024", "2024-03-03"),
        ("2024-05-12T10:00Z", "2024-05-12"),
        ("2024年5月3日", "2024-05-03"),
        ("3. März 2024", "2024-03-03"),
        ("12 juillet 2020", "2020-07-12"),
        ("12-MAR-24", "2024-03-12"),
        ("25/03/2024", "2024-03-25"),
        ("04.05.2024", "2024-05-04"),
        ("September 2019", "2019-09"),
        ("05/2024", "2024-05"),
    ],
)
def test_a_date_with_one_reading(text: str, reading: str) -> None:
    assert [date.readings for date in written_dates(text)] == [(reading,)]


@pytest.mark.parametrize(
    "text", ["120/80", "9 Nov 12 lead ECG", "31/02/2024", "1234567", "2019", "Dek 2020", "99/13/2024"]
)
def test_what_is_no_date(text: str) -> None:
    assert not list(written_dates(text))


def test_where_the_order_matters_the_document_decides() -> None:
    (date,) = written_dates("03/04/2024")
    assert date.read(DayOrder.DAY_FIRST) == "2024-04-03"
    assert date.read(DayOrder.MONTH_FIRST) == "2024-03-04"
    assert date.read(DayOrder.UNKNOWN) == "2024"


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("03/04/2024 and 25/04/2024", DayOrder.DAY_FIRST),
        ("03/04/2024 and 04/25/2024", DayOrder.MONTH_FIRST),
        ("03/04/2024", DayOrder.UNKNOWN),
        ("25/04/2024 and 04/25/2024", DayOrder.UNKNOWN),
    ],
)
def test_the_order_is_what_the_dates_show(text: str, order: DayOrder) -> None:
    assert day_order(written_dates(text)) is order
