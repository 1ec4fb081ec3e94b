"""Dates and amounts as a clinician reads them: nobody mistakes day for month."""

from __future__ import annotations

from datetime import UTC, date, datetime

_THOUSAND = 1_000
_MINUTE = 60


def day(moment: str, *, now: datetime) -> str:
    """`2026-06-02T10:00:00Z` as "2 Jun 2026", or "today". `moment` is ISO 8601."""
    when = datetime.fromisoformat(moment)
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    if when.date() == now.astimezone(when.tzinfo).date():
        return "today"
    return f"{when.day} {when:%b %Y}"


def written_day(iso: str) -> str:
    """`2026-06-02` as "2 Jun 2026", `2026-06` as "Jun 2026", `2026` as it is; anything else as it is."""
    try:
        match [int(part) for part in iso[:10].split("-")]:
            case [year, month, number]:
                return f"{number} {date(year, month, number):%b %Y}"
            case [year, month]:
                return f"{date(year, month, 1):%b %Y}"
            case _:
                return iso
    except ValueError:
        return iso


def time_left(seconds: float) -> str:
    """ "40 s left", "3 min left": no more exact than it can be known."""
    return f"{max(round(seconds, -1), 10):.0f} s left" if seconds < _MINUTE else f"{seconds / _MINUTE:.0f} min left"


def count(number: int, noun: str) -> str:
    """ "1 page", "2 pages", "1,204 pages"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def tokens(number: int) -> str:
    """41,200 as "41k", as the meter writes it."""
    return f"{number}" if number < _THOUSAND else f"{number / _THOUSAND:.0f}k"


def page_ranges(numbers: tuple[int, ...]) -> str:
    """(3, 5, 6, 7) as "3, 5–7"."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(f"{first}" if first == last else f"{first}–{last}" for first, last in runs)
