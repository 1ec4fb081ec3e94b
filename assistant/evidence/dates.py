"""Find the dates in clinical text as ISO 8601 readings, partial dates included."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

_MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
_MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_YEAR = r"(?P<year>(?:19|20)\d\d)"
_DAY = r"(?P<day>0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?"
_WORD_START, _WORD_END = r"(?<![\w/.-])", r"(?![\w/]|[.-]\d)"
# Tried in this order at every place: the fullest form first.
_FORMS = tuple(
    re.compile(_WORD_START + form + _WORD_END, re.IGNORECASE)
    for form in (
        rf"{_YEAR}-(?P<mm>0[1-9]|1[0-2])(?:-(?P<day>0[1-9]|[12]\d|3[01]))?(?:T[\d:.]+Z?)?",
        rf"{_DAY}(?:\s+of)?[\s-]+{_MONTH},?[\s-]+{_YEAR}",
        rf"{_MONTH}\s+{_DAY},?\s+{_YEAR}",
        r"(?P<first>\d{1,2})(?P<sep>[/.-])(?P<second>\d{1,2})(?P=sep)(?P<year>(?:19|20)?\d\d)",
        rf"(?P<mm>0?[1-9]|1[0-2])/{_YEAR}",
        rf"{_MONTH},?(?:\s+of)?\s+{_YEAR}",
        rf"{_MONTH}\s+{_DAY}",
        rf"{_DAY}(?:\s+of)?\s+{_MONTH}",
    )
)
_PIVOT_YEAR = 50  # two-digit years: 51-99 are 19xx; a record is more often younger than that than older


@dataclass(frozen=True, slots=True, kw_only=True)
class DateMention:
    """A date at `text[start:end]` with its readings: "2024-05-12", "2024-05", "--05-12" (no year).

    Two readings: 04/05/2024 can be the fourth of May or the fifth of April.
    """

    start: int
    end: int
    readings: frozenset[str]

    def is_proven_by(self, other: DateMention) -> bool:
        """Whether `other` says this date at least as exactly, and in one reading only unless both are written alike."""
        if self.readings == other.readings:
            return True
        if len(other.readings) > 1 or len(self.readings) > 1:
            return False
        (mine,), (theirs,) = self.readings, other.readings
        if mine.startswith("--"):
            return theirs.endswith(mine[1:])
        return theirs == mine or theirs.startswith(mine + "-")


def dates(text: str) -> tuple[DateMention, ...]:
    """All dates of the text in order; a bare year is a number, not a date."""
    taken: list[DateMention] = []
    for form in _FORMS:
        for match in form.finditer(text):
            if any(match.start() < mention.end and mention.start < match.end() for mention in taken):
                continue
            readings = frozenset(_readings(match))
            if readings:
                taken.append(DateMention(start=match.start(), end=match.end(), readings=readings))
    return tuple(sorted(taken, key=lambda mention: mention.start))


def _readings(match: re.Match[str]) -> Iterator[str]:
    found = match.groupdict()
    if "first" in found:
        yield from _numeric_readings(found["first"], found["second"], found["year"])
        return
    month = int(found["mm"]) if found.get("mm") else _month_number(found["month"])
    year, day = found.get("year"), found.get("day")
    if year and day:
        yield from _real(int(year), month, int(day))
    elif year:
        yield f"{year}-{month:02d}"
    elif day:
        yield f"--{month:02d}-{int(day):02d}"


def _numeric_readings(first: str, second: str, year: str) -> Iterator[str]:
    full_year = int(year) if len(year) == 4 else int(year) + (1900 if int(year) > _PIVOT_YEAR else 2000)
    yield from _real(full_year, int(first), int(second))
    yield from _real(full_year, int(second), int(first))


def _real(year: int, month: int, day: int) -> Iterator[str]:
    try:
        yield date(year, month, day).isoformat()
    except ValueError:
        return


def _month_number(name: str) -> int:
    return next(number for number, month in enumerate(_MONTHS, 1) if month.startswith(name[:3].lower()))
