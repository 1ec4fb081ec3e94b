"""Find the day that a document tells of: of the visit, collection, examination, operation or discharge.

The day of its printing, faxing or typing, a birth date and the next appointment are not it. Which date counts for most
depends on the kind: the collection for a laboratory report, the discharge for a discharge summary.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from assistant.domain import DocumentKind
from assistant.understanding.date_words import TOLD, WORDS, DateLabel
from assistant.understanding.lines import TextLine
from assistant.understanding.written_dates import DayOrder, WrittenDate, day_order, written_dates

_L = DateLabel
_AFTER_LABEL = (
    r"[\s:：·.|(–-]*(?:(?:on|at|of|am|vom|le|the)\b\W*)?(?:(?:mon|tues|wednes|thurs|fri|satur|sun)(?:day)?\b\W*)?$"
)
_PATTERNS = tuple(
    (
        label,
        re.compile(
            rf"(?:^|(?<=[\s|(\[,;/·:])|(?<=[\u4e00-\u9fff]))(?:{'|'.join(words.strip().splitlines())}){_AFTER_LABEL}",
            re.IGNORECASE,
        ),
    )
    for label, words in WORDS.items()
)
_TOLD = re.compile(TOLD, re.IGNORECASE)
_ONLY_A_DATE = re.compile(r"^[^\d]{0,24}$")
_LONGEST_LABEL = 60
_HEADING_LINES = 4
_YEARS_OF_A_DOCUMENT = 2
_FIRST_YEAR_OF_ONE_DATE = 2000  # an older date that stands alone may be a birth date
# "Operation: right knee replacement   30/01/24"
_LABEL_OF_LINE = re.compile(r"^\W*(procedure|operation|visit|clinic|examination|exam|study)\b", re.IGNORECASE)
_LINE_LABELS = {
    "procedure": DateLabel.OPERATED,
    "operation": DateLabel.OPERATED,
    "visit": DateLabel.VISITED,
    "clinic": DateLabel.VISITED,
    "examination": DateLabel.EXAMINED,
    "exam": DateLabel.EXAMINED,
    "study": DateLabel.EXAMINED,
}
_LATE = (_L.HEADING, _L.RECEIVED, _L.REPORTED, _L.WRITTEN)
_AFTERWARDS = (_L.PLAIN, _L.ALONE, _L.TITLE, _L.TOLD, *_LATE)
_STAY = (_L.DISCHARGED, _L.ADMITTED)
_VISIT = (_L.VISITED, _L.TITLE, _L.EXAMINED, _L.TOLD, _L.PLAIN, _L.ALONE, *_STAY, *_LATE)
_PREFERENCES = {
    DocumentKind.DISCHARGE_SUMMARY: (_L.DISCHARGED, _L.TITLE, _L.ADMITTED, _L.VISITED, *_AFTERWARDS),
    DocumentKind.LABORATORY: (_L.TITLE, _L.COLLECTED, _L.EXAMINED, _L.RECEIVED, _L.PLAIN, _L.VISITED, *_AFTERWARDS),
    DocumentKind.PATHOLOGY: (_L.COLLECTED, _L.OPERATED, _L.EXAMINED, _L.RECEIVED, _L.TITLE, *_AFTERWARDS),
    DocumentKind.RADIOLOGY: (_L.EXAMINED, _L.VISITED, _L.OPERATED, _L.COLLECTED, _L.TITLE, *_AFTERWARDS),
    DocumentKind.OPERATION_NOTE: (_L.OPERATED, _L.EXAMINED, _L.VISITED, _L.TITLE, *_AFTERWARDS, _L.ADMITTED),
    DocumentKind.CLINIC_LETTER: _VISIT,
    DocumentKind.NURSING: _VISIT,
    DocumentKind.CONSENT: (_L.PLAIN, _L.WRITTEN, _L.VISITED, _L.TITLE, _L.ALONE, _L.OPERATED, _L.TOLD, _L.HEADING),
    DocumentKind.MEDICATION_LIST: (
        _L.VISITED,
        _L.TITLE,
        _L.PLAIN,
        _L.ALONE,
        _L.REPORTED,
        _L.WRITTEN,
        _L.TOLD,
        _L.HEADING,
    ),
    DocumentKind.OTHER: (*_VISIT, _L.OPERATED, _L.COLLECTED),
}
_MONTH_FIRST_SIGN = re.compile(
    r"\b[A-Z]{2} \d{5}(?:-\d{4})?\b|\(\d{3}\) ?\d{3}-\d{4}|\b(?:M\.?D\.?|SSN|DOS|PCP|Medicare|Medicaid|Attending"
    r"|Center|CENTER"
    r"|D\.?O\.|PharmD|APRN|ARNP|y/o|BID|TID|PRN|mg/dL|g/dL|K/uL|[Aa]nemia|[Ee]dema|[Aa]nesthe\w+|[Hh]em\w+)\b"
)
_DAY_FIRST_SIGN = re.compile(
    r"\bNHS\b|\b[A-Z]{1,2}\d{1,2}[A-Z]? \d[A-Z]{2}\b|\b(?:Surgery|FRC\w+|Geb\.|geb\.|[Hh]osp(?:ital)? [Nn]o|MBBS|GP"
    r"|NEWS2?|Waterlow|A&E"
    r"|SHO|FY\d|ST\d|Registrar|Consultant|Centre|CENTRE|[Tt]heatre|[Oo]edema\w*|[Aa]naes\w+|[Hh]aem\w+|Staff Nurse"
    r"|Sister)\b"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledDate:
    """A date of a page with what its label or place says of it; `line_start` is where its line begins."""

    label: DateLabel
    written: WrittenDate
    page: int
    line_start: int

    @property
    def start(self) -> int:
        """Where the date begins in its page's text."""
        return self.line_start + self.written.start

    @property
    def end(self) -> int:
        """Where the date ends in its page's text."""
        return self.line_start + self.written.end


def labelled_dates(lines: Sequence[TextLine], page: int, title: TextLine | None) -> Iterator[LabelledDate]:
    """The dates of lines with what they are of."""
    before = ""
    for place, line in enumerate(lines):
        label_from = 0
        for written in written_dates(line.text):
            goes_on = bool(line.text[written.end :].strip())
            label = _label(line.text[label_from : written.start], before, line_goes_on=goes_on)
            if label is None and line == title:
                label = DateLabel.TITLE
            if label is None and _is_alone(line.text, written):
                label = DateLabel.ALONE
            if label is None and place < _HEADING_LINES:
                label = DateLabel.HEADING
            label = label or DateLabel.UNLABELLED
            yield LabelledDate(label=label, written=written, page=page, line_start=line.start)
            label_from = written.end
        before = line.text


def event_date(kind: DocumentKind, dates: Sequence[LabelledDate]) -> LabelledDate | None:
    """The date that counts for most in a document of that kind; of a period in a title, its end."""
    for label in _PREFERENCES[kind]:
        found = [date for date in dates if date.label is label]
        if label is DateLabel.HEADING:
            found = _recent(found, dates)
        if found:
            return found[-1] if label is DateLabel.TITLE else found[0]
    return None


def _recent(found: Sequence[LabelledDate], dates: Sequence[LabelledDate]) -> list[LabelledDate]:
    """Those that can be no birth date without its label: near the newest of several dates."""
    years = [0, *(int(date.written.readings[0][:4]) for date in dates)]
    if len({date.written.readings for date in dates}) < 2 and max(years) < _FIRST_YEAR_OF_ONE_DATE:
        return []
    return [date for date in found if int(date.written.readings[0][:4]) > max(years) - _YEARS_OF_A_DOCUMENT]


def order_of(dates: Iterable[LabelledDate], lines: Iterable[TextLine]) -> DayOrder:
    """Whether a document writes the day first: from its dates, else from how its country writes other things."""
    shown = day_order(date.written for date in dates)
    if shown is not DayOrder.UNKNOWN:
        return shown
    texts = [line.text for line in lines]
    month_first = sum(len(_MONTH_FIRST_SIGN.findall(text)) for text in texts)
    day_first = sum(len(_DAY_FIRST_SIGN.findall(text)) for text in texts)
    if month_first == day_first:
        return DayOrder.UNKNOWN
    return DayOrder.MONTH_FIRST if month_first > day_first else DayOrder.DAY_FIRST


def _label(words: str, line_before: str, *, line_goes_on: bool) -> DateLabel | None:
    line_words, words = words, words[-_LONGEST_LABEL:]
    for label, pattern in _PATTERNS:
        if pattern.search(words):
            return label
    if _TOLD.search(words):
        return DateLabel.TOLD
    if (of_line := _LABEL_OF_LINE.match(line_words)) and not line_goes_on:
        return _LINE_LABELS[of_line[1].lower()]
    if words.strip(" \t:：|-(") or len(line_before) > _LONGEST_LABEL or any(map(str.isdigit, line_before)):
        return None
    return next(
        (label for label, pattern in _PATTERNS if pattern.search(line_before.rstrip())), None
    )  # above its value


def _is_alone(text: str, written: WrittenDate) -> bool:
    """Whether the line is a date and little else: "London, 3 May 2024"."""
    return bool(_ONLY_A_DATE.match(text[: written.start])) and len(text[written.end :].strip(" .,")) <= 8
