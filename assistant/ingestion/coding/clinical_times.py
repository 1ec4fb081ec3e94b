"""Points in time as HL7 (C-CDA, v2) and FHIR write them, to ISO 8601 as precise as the file, never more."""

from __future__ import annotations

import re
from datetime import datetime

_HL7 = re.compile(r"(\d{4})(\d\d)?(\d\d)?(?:(\d\d)(\d\d)?(\d\d)?(?:\.\d+)?)?(?:[+-]\d{1,4})?")
_FHIR = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?)?)?)?")


def from_hl7(text: str | None) -> str | None:
    """ "20140416115529" to "2014-04-16T11:55:29"; None for what is no time. The zone is dropped: days are local."""
    return _iso(_HL7.fullmatch((text or "").strip()))


def from_fhir(text: object) -> str | None:
    """A FHIR date, dateTime or instant in the same form."""
    return _iso(_FHIR.fullmatch(text.strip())) if isinstance(text, str) else None


def day_of(time: str | None) -> str | None:
    """The day of a time, or the month or year where no more is known."""
    return time.partition("T")[0] if time else None


def _iso(match: re.Match[str] | None) -> str | None:
    if match is None:
        return None
    year, month, day, hour, minute, second = match.groups()
    if not month or not _is_date(year, month, day or "01"):
        return year if not month and year > "0000" else None
    if not day:
        return f"{year}-{month}"
    # A day without a time is often written as its midnight, in seconds too.
    if not hour or int(hour + (minute or "00") + (second or "00")) == 0 or not _is_time(hour, minute, second):
        return f"{year}-{month}-{day}"
    return f"{year}-{month}-{day}T{hour}:{minute or '00'}" + (f":{second}" if second else "")


def _is_date(year: str, month: str, day: str) -> bool:
    try:
        datetime.strptime(f"{year}-{month}-{day}", "%Y-%m-%d")  # noqa: DTZ007  # a check, not a time
    except ValueError:
        return False
    return True


def _is_time(hour: str, minute: str | None, second: str | None) -> bool:
    return int(hour) < 24 and int(minute or 0) < 60 and int(second or 0) < 61
