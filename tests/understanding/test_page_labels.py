from __future__ import annotations

import pytest

from assistant.understanding.page_labels import is_fax_line, lone_number, page_label


@pytest.mark.parametrize(
    ("line", "page", "total"),
    [
        ("TARROWBY, Winifred · Hospital no. N4471902 Page 1 of 2", 1, 2),
        ("Page 3/7", 3, 7),
        ("3 of 7", 3, 7),
        ("Seite 2 von 5", 2, 5),
        ("第 3 页 共 7 页", 3, 7),
        ("Page 4", 4, None),
    ],
)
def test_a_page_number_is_read_where_it_stands(line: str, page: int, total: int | None) -> None:
    label = page_label(line, 100)
    assert label is not None
    assert (label.page, label.total) == (page, total)
    assert line[label.start - 100 : label.end - 100].strip() in line


@pytest.mark.parametrize("line", ["BP 120/80", "Page 8 of 7", "Take 2 of 3 tablets", "10/12/2024", "3 pages in all"])
def test_other_numbers_are_none(line: str) -> None:
    assert page_label(line, 0) is None


def test_a_number_that_is_all_of_a_line() -> None:
    label = lone_number("- 12 -", 0)
    assert label is not None
    assert label.page == 12
    assert lone_number("12 mg", 0) is None


@pytest.mark.parametrize(
    "line",
    [
        "FROM: NORTHMOOR SURGERY 03/12/2024 14:02 P.03/12",
        "03/12/2024 14:02 FAX 01632 960722 Northmoor 003/012",
        "12-Mar-2024 09:15 From: St Elsewhere To: 555-010-0199 Page 2 of 9",
    ],
)
def test_a_fax_line_is_recognized(line: str) -> None:
    assert is_fax_line(line)


@pytest.mark.parametrize(
    "line",
    [
        "Collected 6 Jan 2022 09:10 Reported 6 Jan 2022 15:42",
        "Shift from: 12/03/2024 07:30 to: 12/03/2024 19:30",
        "Tel 01632 960 722 Fax 01632 960 723",
        "Given at 14:02, potassium 5.9",
    ],
)
def test_clinical_times_are_no_fax_lines(line: str) -> None:
    assert not is_fax_line(line)
