from __future__ import annotations

import pytest

from assistant.domain import DocumentKind
from assistant.understanding.event_dates import event_date, labelled_dates, order_of
from assistant.understanding.lines import TextLine
from assistant.understanding.written_dates import DayOrder

K = DocumentKind


def lines(text: str) -> list[TextLine]:
    found, at = [], 0
    for line in text.split("\n"):
        found.append(TextLine(line, at, 0.0, 0.0))
        at += len(line) + 1
    return found


@pytest.mark.parametrize(
    ("kind", "text", "date"),
    [
        (K.LABORATORY, "Collected 6 Jan 2022 09:10 Reported 7 Jan 2022 Printed 9 Jan 2022", "2022-01-06"),
        (K.LABORATORY, "Born 27/10/1970\nReceived 13/02/2022\nReported 15/02/2022", "2022-02-13"),
        (K.DISCHARGE_SUMMARY, "Admitted 5 Nov 2020\nDischarged 9 Nov 2020", "2020-11-09"),
        (K.DISCHARGE_SUMMARY, "Admission Date: 03/09/2024    Discharge Date: 03/15/2024", "2024-03-15"),
        (K.CLINIC_LETTER, "Clinic: Tuesday 24 September 2019\nTyped: 27 September 2019", "2019-09-24"),
        (K.CLINIC_LETTER, "19 March 2021\nDear Hugo,\nDOB 5/11/1953", "2021-03-19"),
        (K.CLINIC_LETTER, "Typed 27 September 2019\nI saw her in my clinic on 24 September 2019", "2019-09-24"),
        (K.RADIOLOGY, "Comparison: CT of 14 June 2021\nExam Date: 30 August 2022", "2022-08-30"),
        (K.OPERATION_NOTE, "Procedure: Left inguinal hernia repair     30/01/24", "2024-01-30"),
        (K.CONSENT, "Date of birth\n12 Mar 1951\nDate\n21/06/2023", "2023-06-21"),
        (K.LABORATORY, "采样时间：2024-03-02 08:10 报告时间：2024-03-03", "2024-03-02"),
    ],
)
def test_the_date_of_the_event_counts(kind: DocumentKind, text: str, date: str) -> None:
    found = event_date(kind, list(labelled_dates(lines(text), 1, None)))
    assert found is not None
    assert found.written.read(DayOrder.UNKNOWN) == date
    assert text[found.start : found.end].strip()


@pytest.mark.parametrize(
    "text",
    [
        "DOB 12 Mar 1951",
        "Printed on 3 May 2024",
        "Next appointment: 3 May 2025",
        "Warfarin since 3 May 2020",
        "Fax 3 May 2024",
    ],
)
def test_other_dates_are_no_event(text: str) -> None:
    assert event_date(K.OTHER, list(labelled_dates(lines(text), 1, None))) is None


def test_the_end_of_a_period_in_a_title_is_the_date() -> None:
    found = lines("Cumulative laboratory results, March 2019 to March 2022\nSamples from 12 Mar 2019")
    date = event_date(K.LABORATORY, list(labelled_dates(found, 1, found[0])))
    assert date is not None
    assert date.written.read(DayOrder.UNKNOWN) == "2022-03"


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("Seen 03/04/2024, again 25/04/2024", DayOrder.DAY_FIRST),
        ("Duluth, MN 55802\nAdmitted 03/04/2024", DayOrder.MONTH_FIRST),
        ("NHS no 999 217 4406\nSeen 03/04/2024", DayOrder.DAY_FIRST),
        ("Seen 03/04/2024", DayOrder.UNKNOWN),
    ],
)
def test_the_order_of_day_and_month_is_the_documents(text: str, order: DayOrder) -> None:
    assert order_of(labelled_dates(lines(text), 1, None), lines(text)) is order
