"""How a file's name is shown: as a title and a date, where the name holds one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,5}$")
_DATE = re.compile(r"(?<!\d)(\d{4})[-_.](\d{2})[-_.](\d{2})(?!\d)")
_GAPS = re.compile(r"[\s_]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLabel:
    """`title` is never empty; `day` is "" where the name holds no date that can be read in one way only."""

    title: str
    day: str


def label(name: str) -> FileLabel:
    """`2025-01-22_hospital_discharge.pdf` as "Hospital discharge", "22 Jan 2025"."""
    bare = _EXTENSION.sub("", name)
    found = _DATE.search(bare)
    day = _day(*(int(part) for part in found.groups())) if found else ""
    rest = bare[: found.start()] + " " + bare[found.end() :] if found and day else bare
    title = _GAPS.sub(" ", rest).strip(" -,") or name
    return FileLabel(title=title[0].upper() + title[1:], day=day)


def _day(year: int, month: int, number: int) -> str:
    try:
        return f"{number} {date(year, month, number):%b %Y}"
    except ValueError:
        return ""
