"""Read the dates that a document writes, in the order of day and month that it uses."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

# How the months begin in English, German, French and Spanish: three letters, four where three do not tell.
_BEGINNINGS = "jan ene|feb fev fév|mar mär mrz|apr avr abr|may mai|jun juin|jul juil|aug aou aoû ago|sep|oct okt|nov"
_BEGINNINGS += "|dec dez déc dic"
_MONTHS = {name: number for number, names in enumerate(_BEGINNINGS.split("|"), 1) for name in names.split()}
_NAME = (
    r"(?:jan(?:uary|uar|vier)?|feb(?:ruary|ruar|rero)?|f[ée]v(?:rier)?|m[aä]r(?:ch|z|s|zo)?|mrz|apr(?:il)?|avr(?:il)?"
    r"|abr(?:il)?|ma[iy]o?|june?|juni[o]?|juin|july?|juli[o]?|juil(?:let)?|aug(?:ust)?|ao[uû]t|ago(?:sto)?"
    r"|sep(?:t|tember|tembre|tiembre)?|o[ck]t(?:ober|obre|ubre)?|nov(?:ember|embre|iembre)?"
    r"|d[eéi][czk](?:ember|embre|iembre)?|enero?)\.?"
)
_YEAR = r"(?:19|20)\d\d"
_DAY = r"(?:3[01]|[12]\d|0?[1-9])"
_FORMS = re.compile(
    r"(?<![\w/.-])(?:"
    rf"(?P<iso_year>{_YEAR})(?P<iso_sep>[-/.])(?P<iso_month>1[0-2]|0?[1-9])(?:(?P=iso_sep)(?P<iso_day>{_DAY}))?"
    r"(?:T[\d:.+Z-]*)?"
    rf"|(?P<cn_year>{_YEAR})\s?年\s?(?P<cn_month>1[0-2]|0?[1-9])\s?月(?:\s?(?P<cn_day>{_DAY})\s?[日号])?"
    rf"|(?P<dm_day>{_DAY})(?:st|nd|rd|th|\.)?[ /-]?(?:of )?(?P<dm_name>{_NAME})(?P<dm_year>,?[ /-]?{_YEAR}|[/'-]\d\d)"
    rf"|(?P<md_name>{_NAME})[ -]?(?P<md_day>{_DAY})(?:st|nd|rd|th)?(?:, ?|[ -])(?P<md_year>{_YEAR})"
    rf"|(?P<first>\d{{1,2}})(?P<sep>[/.-])(?P<second>\d{{1,2}})(?P=sep)(?P<year>{_YEAR}|\d\d)"
    rf"|(?P<my_name>{_NAME}),? (?:of )?(?P<my_year>{_YEAR})"
    rf"|(?P<num_month>1[0-2]|0?[1-9])/(?P<num_year>{_YEAR})"
    r")(?![^\W_T年月日]|[/-]\d)",
    re.IGNORECASE,
)
_ANY_DIGIT = re.compile(r"\d\d|\d年")
_PIVOT_YEAR = 50  # two digits above it are 19xx: a record is more often younger than that than older


class DayOrder(StrEnum):
    """Which number of 03/04/2024 is the day."""

    DAY_FIRST = "day_first"
    MONTH_FIRST = "month_first"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenDate:
    """A date at `text[start:end]` and its readings, ISO 8601. Of two, the first takes the first number for the day.

    `shows` is the order that the date itself proves: 25/04/2024 has its day first.
    """

    start: int
    end: int
    readings: tuple[str, ...]
    shows: DayOrder = DayOrder.UNKNOWN

    def read(self, order: DayOrder) -> str:
        """The date in a document of that order; its year alone where the order matters and is not known."""
        if len(self.readings) == 1:
            return self.readings[0]
        if order is DayOrder.UNKNOWN:
            return self.readings[0][:4]
        return self.readings[0 if order is DayOrder.DAY_FIRST else 1]


def written_dates(text: str) -> Iterator[WrittenDate]:
    """All dates of the text, in order. A bare year is no date."""
    if not _ANY_DIGIT.search(text):  # the forms take much longer
        return
    for match in _FORMS.finditer(text):
        if match["first"]:
            readings, shows = _numeric(match)
        else:
            readings, shows = tuple(_iso(*_parts(match))), DayOrder.UNKNOWN
        if readings:
            yield WrittenDate(start=match.start(), end=match.end(), readings=readings, shows=shows)


def day_order(dates: Iterable[WrittenDate]) -> DayOrder:
    """The order that most dates show; UNKNOWN where none does or as many show the one as the other."""
    votes = Counter(written.shows for written in dates)
    day, month = votes[DayOrder.DAY_FIRST], votes[DayOrder.MONTH_FIRST]
    if day == month:
        return DayOrder.UNKNOWN
    return DayOrder.DAY_FIRST if day > month else DayOrder.MONTH_FIRST


def _numeric(match: re.Match[str]) -> tuple[tuple[str, ...], DayOrder]:
    first, second, year = int(match["first"]), int(match["second"]), _full_year(match["year"])
    day_first, month_first = tuple(_iso(year, second, first)), tuple(_iso(year, first, second))
    if match["sep"] == "." and day_first:  # nobody writes the month first with dots
        return day_first, DayOrder.DAY_FIRST
    if day_first and month_first:
        return tuple(dict.fromkeys(day_first + month_first)), DayOrder.UNKNOWN
    return day_first or month_first, DayOrder.DAY_FIRST if day_first else DayOrder.MONTH_FIRST


def _parts(match: re.Match[str]) -> tuple[int, int, int | None]:
    """Year, month and day of a date that is written in one way only."""
    found = match.groupdict()
    form = next(name for name in ("iso", "cn", "dm", "md", "my", "num") if found.get(f"{name}_year"))
    name = found.get(f"{form}_name")
    month = _month(name) if name else int(found[f"{form}_month"] or 0)
    day = found.get(f"{form}_day")
    return _full_year(found[f"{form}_year"] or ""), month, int(day) if day else None


def _full_year(written: str) -> int:
    digits = re.sub(r"\D", "", written)
    year = int(digits)
    if len(digits) == 4:
        return year
    return year + (1900 if year > _PIVOT_YEAR else 2000)


def _month(name: str) -> int:
    """1 to 12; 0, which no date has, for a word that only looks like a month."""
    letters = name.casefold().rstrip(".")
    return _MONTHS.get(letters[:4]) or _MONTHS.get(letters[:3], 0)


def _iso(year: int, month: int, day: int | None) -> Iterator[str]:
    """The date, if there is such a day."""
    try:
        iso = date(year, month, day or 1).isoformat()
        yield iso if day else iso[:7]
    except ValueError:
        return
