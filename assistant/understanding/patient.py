"""Who the record is about: name, sex, birth date and record numbers, as the labels on its pages state them.

Only labelled statements count ("Patient: ...", "DOB ..."), and the value that most pages state wins: letterheads repeat
the patient, a relative is named once. What is not labelled stays unknown.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from assistant.domain import Page, Span

_NAME_WORD = r"[^\W\d_][^\W\d_'’.-]*(?:['’-][^\W\d_]+)*\.?"
_NAME = rf"{_NAME_WORD}(?:,[ ]?{_NAME_WORD})?(?:[ ]{_NAME_WORD}){{0,3}}"
_SURNAME = r"(?<![\w'’])(?:[A-Z]['’])?[^\W\d_a-z]{2,}(?:['’-][^\W\d_]+)*"
_FILED_NAME = rf"{_SURNAME},[ ]{_NAME_WORD}(?:[ ]{_NAME_WORD}){{0,2}}"  # SURNAME, Given
_DATE = r"\d{1,4}[-/. ](?:\d{1,2}|[A-Z][a-z]{2,8})[-/. ]\d{2,4}|[A-Z][a-z]{2,8} \d{1,2}, \d{4}"
_BIRTH_LABEL = r"(?:DOB|D\.O\.B\.?|Date of [Bb]irth|Birth [Dd]ate|[Bb]orn)"
_PATTERNS = {
    "name": re.compile(
        rf"\b(?:Patient(?:[ ]name)?|Name|Re|RE|PATIENT|NAME)[ ]?[:·][ ]*(?:(?:Mrs?|Ms|Miss|Dr)\.?[ ])?({_NAME})"
        rf"|\b(?:Patient|PATIENT)[ ]+({_FILED_NAME})|({_FILED_NAME})[ ]+{_BIRTH_LABEL}"
    ),
    "birth_date": re.compile(rf"\b{_BIRTH_LABEL}[ ]?[:·]?[ ]*({_DATE})"),
    "sex": re.compile(r"\b(?:Sex|Gender|SEX)[ ]?[:·]?[ ]*(female|male|F|M)\b", re.IGNORECASE),
    "identifier": re.compile(
        r"\b(?:MRN|(?:NHS|Hospital|Practice|Medical [Rr]ecord) (?:[Nn]o|[Nn]umber)|Patient ID|Record [Nn]o)"
        r"\.?[ ]?[:·#]?[ ]*([A-Z]{0,3}[- ]?\d[\d -]{2,14}\d)"
    ),
}
# Words that end a name where a line goes on with the next label, or that were never a name.
_NOT_A_NAME = re.compile(
    r"\s+(?:DOB|D\.O\.B|Date|MRN|NHS|Sex|Gender|Age|Hospital|Born|Address|Ward|Page|Tel|Phone|Consultant|Male|Female)\b.*$"
)
_SURELY_NOT = re.compile(
    r"\b(?:was|is|has|had|denies|reports|presents|with|and|the|of|for|information|summary|name)\b", re.I
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """A value and the place that states it first."""

    value: str
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """Who the record is about; what no page states is None. Dates and numbers are as written."""

    name: Stated | None = None
    sex: Stated | None = None
    birth_date: Stated | None = None
    identifiers: tuple[Stated, ...] = ()


def find_patient(pages: Iterable[Page]) -> Patient:
    """The patient that most pages name."""
    found: dict[str, list[Stated]] = {field: [] for field in _PATTERNS}
    for page in pages:
        for field, pattern in _PATTERNS.items():
            found[field] += _stated(page, pattern, is_name=field == "name")
    return Patient(
        name=_commonest(found["name"]),
        sex=_commonest([_with_value(s, s.value[0].upper()) for s in found["sex"]]),
        birth_date=_commonest(found["birth_date"]),
        identifiers=_distinct(found["identifier"]),
    )


def _stated(page: Page, pattern: re.Pattern[str], *, is_name: bool) -> list[Stated]:
    found = []
    for match in pattern.finditer(page.text):
        group = next(number for number, text in enumerate(match.groups(), start=1) if text)
        value = match.group(group).strip()
        if is_name:
            value = _NOT_A_NAME.sub("", value).strip(" ,.")
        if is_name and (len(value.split()) < 2 or _SURELY_NOT.search(value) or not value[0].isupper()):
            continue
        span = Span(file=page.file, page=page.number, start=match.start(group), end=match.start(group) + len(value))
        found.append(Stated(value=value, span=span))
    return found


def _with_value(stated: Stated, value: str) -> Stated:
    return Stated(value=value, span=stated.span)


def _commonest(stated: list[Stated]) -> Stated | None:
    if not stated:
        return None
    best, _ = Counter(one.value.casefold() for one in stated).most_common(1)[0]
    return next(one for one in stated if one.value.casefold() == best)


def _distinct(stated: list[Stated]) -> tuple[Stated, ...]:
    """Each identifier once, the one that most pages state first."""
    counts = Counter(one.value for one in stated)
    firsts = {value: next(one for one in stated if one.value == value) for value, _ in counts.most_common()}
    return tuple(firsts.values())
