"""Read "Page 3 of 7" and its like in the margins of a page, and the lines that a fax machine adds."""

from __future__ import annotations

import re
from dataclasses import dataclass

_TOTALLED = re.compile(
    r"\b(?:pages?|pg|p|seite|página|pagina)\b\.?[ :]{0,2}#?(?P<page>\d{1,4})"
    r"[ ]?(?:of|/|von|de|sur|di)[ ]?(?P<total>\d{1,4})(?![\d/])"
    r"|第[ ]?(?P<han_page>\d{1,4})[ ]?页[ ,，/]*共[ ]?(?P<han_total>\d{1,4})[ ]?页"
    r"|^[-–( ]*(?P<bare_page>\d{1,4})[ ]?(?:of|/)[ ]?(?P<bare_total>\d{1,4})[-–) ]*$",
    re.IGNORECASE,
)
_PLAIN = re.compile(
    r"\b(?:page|pg|seite|página)\b\.?[ :]{0,2}#?(?P<page>\d{1,4})(?![\d/.,%])|第[ ]?(?P<han_page>\d{1,4})[ ]?页",
    re.IGNORECASE,
)
_ALONE = re.compile(r"^[-–—( ]*(?P<page>\d{1,4})[-–—) ]*$")
_FAX_TIME = re.compile(r"\b\d{1,2}:\d{2}\b")
_FAX_PAGE = re.compile(
    r"\bp(?:g|age)?[.: ]{0,2}\d{1,3}(?:\s?(?:/|of)\s?\d{1,3})?\b|\b\d{2,3}/\d{2,3}$|\bfax\b|传真", re.IGNORECASE
)
_FAX_SIGNS = (
    re.compile(r"\b(?:from|to|an|von)\s?[:#.]|\bfax\b|传真", re.IGNORECASE),
    re.compile(r"\b\d{1,4}[-/. ](?:\d{1,2}|[A-Za-z]{3})[-/. ]\d{2,4}\b|\b[A-Za-z]{3,9}[ -]\d{1,2},?[ -]\d{2,4}"),
    re.compile(r"\+?\(?\d{2,5}\)?[ -]?\d{3}[ -]?\d{3,4}\b"),
)
_LONGEST_FAX_LINE = 120
_LONGEST_BARE = 16
_SIGNS = ("pag", "pg", "p.", "p ", "pág", "seite", "页")


@dataclass(frozen=True, slots=True, kw_only=True)
class PageLabel:
    """A page number at `start:end` of a page's text; `total` None where the label does not say of how many."""

    start: int
    end: int
    page: int
    total: int | None = None


def page_label(line: str, start: int) -> PageLabel | None:
    """The page number that a line in a margin states; `start` is where the line begins in its page's text.

    A number that stands alone is one only if it goes on from page to page: `lone_number` finds it.
    """
    lowered = line.lower()
    if len(line) > _LONGEST_BARE and not any(sign in lowered for sign in _SIGNS):
        return None
    found = _TOTALLED.search(line)
    if found:
        page = int(found["page"] or found["han_page"] or found["bare_page"])
        total = int(found["total"] or found["han_total"] or found["bare_total"])
        if not 1 <= page <= total:
            return None
        return PageLabel(start=start + found.start(), end=start + found.end(), page=page, total=total)
    found = _PLAIN.search(line)
    if found is None:
        return None
    page = int(found["page"] or found["han_page"])
    return PageLabel(start=start + found.start(), end=start + found.end(), page=page)


def lone_number(line: str, start: int) -> PageLabel | None:
    """The number that is all of a line: "3", "- 3 -"."""
    found = _ALONE.match(line)
    return PageLabel(start=start, end=start + len(line), page=int(found["page"])) if found else None


def is_fax_line(line: str) -> bool:
    """Whether a fax machine wrote the line: the time and page of a transmission, its day or ends."""
    if len(line) > _LONGEST_FAX_LINE or not _FAX_TIME.search(line) or not _FAX_PAGE.search(line):
        return False
    return any(sign.search(line) for sign in _FAX_SIGNS)
