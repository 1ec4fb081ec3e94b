"""Notice that pages name another patient than their record, or than the other pages of their file.

Conservative: one birth date that differs is a reason to ask, and a name that differs where no record number agrees.
Spelling, initials, short forms, a married name with the same birth date, two-digit years, day and month the other way
round and a misread character are not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from assistant.domain import FileProblem, Identity, Origin, Page, Stated
from assistant.understanding.patient import joined_identity, page_identity
from assistant.understanding.person_names import NameMatch, match_names
from assistant.understanding.written_dates import written_dates

OTHER_PATIENT = "other_patient"
_SHORTEST_NUMBER = 5
_COMPACT = re.compile(r"^((?:19|20)\d\d)(\d\d)(\d\d)$")
_SPACED = re.compile(r"^\d{1,2} \d{1,2} \d{2,4}$")
# Digits that recognition and people confuse.
_CONFUSED = frozenset("17 14 71 38 83 56 65 08 80 06 60 68 86 58 85 35 53 49 94 27 72".split())


class IdentityField(StrEnum):
    """What of a patient can differ between two places."""

    NAME = "name"
    BIRTH_DATE = "birth date"
    NUMBER = "record number"


class Slip(StrEnum):
    """How people and recognition get a birth date wrong: day and month, one digit for its like, any one digit."""

    SWAPPED = "swapped"
    CONFUSED = "confused"
    DIGIT = "digit"


@dataclass(frozen=True, slots=True, kw_only=True)
class PageIdentity:
    """Whom one page names; `was_recognized` where its text comes from a picture."""

    page: int
    identity: Identity
    was_recognized: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A field that differs, as the record (or the rest of the file) states it and as the page in question does."""

    field: IdentityField
    known: Stated
    other: Stated


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherPatient:
    """The pages that seem to be another patient's, what differs, and the question to put to the user."""

    pages: tuple[int, ...]
    differences: tuple[Difference, ...]
    problem: FileProblem

    @property
    def differs(self) -> tuple[IdentityField, ...]:
        """Which of name, birth date and number differ."""
        return tuple(difference.field for difference in self.differences)


class _Alike(NamedTuple):
    """Pages that state the same of their patient."""

    identity: Identity
    recognized: bool
    pages: list[int]


def other_patient(record: Identity, file_pages: Iterable[Page]) -> OtherPatient | None:
    """Whether pages of a new file name another patient than the record, or than most pages of the file."""
    return other_patient_among(record, [identity_of(page) for page in file_pages])


def identity_of(page: Page) -> PageIdentity:
    """Whom a page names, to be kept while the page is let go."""
    return PageIdentity(page=page.number, identity=page_identity(page), was_recognized=page.origin is Origin.OCR)


def other_patient_among(record: Identity, pages: Sequence[PageIdentity]) -> OtherPatient | None:
    """As `other_patient`, from what was kept of the pages."""
    groups = _alike([page for page in pages if page.identity.names or page.identity.birth_dates])
    is_record = bool(record.names or record.birth_dates)
    known = record if is_record else _identity_of_most(groups)
    strange = [(group, found) for group in groups if (found := differences(known, group.identity, group.recognized))]
    if not strange:
        return None
    by_field = {one.field: one for _, differing in reversed(strange) for one in reversed(differing)}
    ordered = tuple(by_field[field] for field in IdentityField if field in by_field)
    numbers = tuple(sorted(number for group, _ in strange for number in group.pages))
    message = _question(() if is_record and len(strange) == len(groups) else numbers, ordered, is_record=is_record)
    return OtherPatient(pages=numbers, differences=ordered, problem=FileProblem(code=OTHER_PATIENT, message=message))


def differences(known: Identity, named: Identity, was_recognized: bool = False) -> tuple[Difference, ...]:
    """What says that two identities are two patients'; nothing where they may be one."""
    number_agrees = _agreeing_number(known.numbers, named.numbers)
    match = _best_name_match(known.names, named.names)
    differing_birth = _differing_birth(known, named, match, is_forgiven=number_agrees or was_recognized)
    birth_agrees = bool(known.birth_dates and named.birth_dates) and not differing_birth
    if not differing_birth and (number_agrees or not _is_reason(match, birth_agrees=birth_agrees)):
        return ()
    found = []
    if match not in (None, NameMatch.SAME):
        found.append(Difference(field=IdentityField.NAME, known=known.names[0], other=named.names[0]))
    if differing_birth:
        found.append(differing_birth)
    if not number_agrees and (pair := _numbers_of_one_kind(known.numbers, named.numbers)):
        found.append(Difference(field=IdentityField.NUMBER, known=pair[0], other=pair[1]))
    return tuple(found)


def _is_reason(match: NameMatch | None, *, birth_agrees: bool) -> bool:
    """Whether names differ enough to ask. With the same birth date another surname is a married name."""
    if match is NameMatch.GIVEN:
        return not birth_agrees
    return match in (NameMatch.SURNAME, NameMatch.DIFFERENT)


def _best_name_match(known: Sequence[Stated], named: Sequence[Stated]) -> NameMatch | None:
    """The closest agreement of any two names; None where one side has none."""
    matches = {match_names(a.value, b.value) for a in known for b in named}
    return next((match for match in NameMatch if match in matches), None)


def _differing_birth(
    known: Identity, named: Identity, match: NameMatch | None, *, is_forgiven: bool
) -> Difference | None:
    pairs = [(a, b) for a in known.birth_dates for b in named.birth_dates if _readings(a) and _readings(b)]
    if not pairs or any(_readings(a) & _readings(b) for a, b in pairs):
        return None
    slips = {_slip(one, other) for a, b in pairs for one in _readings(a) for other in _readings(b)}
    forgiven = {Slip.SWAPPED, Slip.CONFUSED} if match is NameMatch.SAME else set()
    if is_forgiven and match in (None, NameMatch.SAME):
        forgiven = set(Slip)
    if slips & forgiven:
        return None
    return Difference(field=IdentityField.BIRTH_DATE, known=pairs[0][0], other=pairs[0][1])


def _slip(one: str, other: str) -> Slip | None:
    """The slip by which one date becomes the other, None where it takes more."""
    if one[:4] == other[:4] and one[5:7] == other[8:10] and one[8:10] == other[5:7]:
        return Slip.SWAPPED
    wrong = [a + b for a, b in zip(one, other, strict=False) if a != b]
    if len(one) != len(other) or len(wrong) != 1:
        return None
    return Slip.CONFUSED if wrong[0] in _CONFUSED else Slip.DIGIT


def _readings(stated: Stated) -> frozenset[str]:
    """The days that a birth date can be: two-digit years in either century, 19510312 as HL7 writes it."""
    text = stated.value
    if compact := _COMPACT.match(text):
        text = "-".join(compact.groups())
    elif _SPACED.match(text):
        text = text.replace(" ", "/")
    readings = {reading for written in written_dates(text) for reading in written.readings}
    if not re.search(r"\d{4}", text):
        readings |= {f"{int(reading[:4]) - 100}{reading[4:]}" for reading in readings}
    return frozenset(readings)


def _agreeing_number(known: Sequence[Stated], named: Sequence[Stated]) -> bool:
    theirs = {_bare(number) for number in named}
    return any(len(_bare(number)) >= _SHORTEST_NUMBER and _bare(number) in theirs for number in known)


def _numbers_of_one_kind(known: Sequence[Stated], named: Sequence[Stated]) -> tuple[Stated, Stated] | None:
    """Two numbers of one shape: those of different institutions differ without meaning anything."""
    for one in known:
        for other in named:
            if _shape(one) == _shape(other):
                return one, other
    return None


def _bare(number: Stated) -> str:
    return re.sub(r"\W", "", number.value).upper().lstrip("0")


def _shape(number: Stated) -> str:
    return re.sub(r"\d", "0", re.sub(r"[A-Z]", "A", number.value.upper()))


def _alike(pages: Iterable[PageIdentity]) -> list[_Alike]:
    """The pages by what they state: most pages of a file state the same, and one comparison does for all."""
    groups: dict[tuple[frozenset[str], bool], _Alike] = {}
    for page in pages:
        one = page.identity
        values = frozenset(stated.value for stated in (*one.names, *one.birth_dates, *one.numbers))
        key = (values, page.was_recognized)
        groups.setdefault(key, _Alike(page.identity, page.was_recognized, [])).pages.append(page.page)
    return list(groups.values())


def _identity_of_most(groups: Sequence[_Alike]) -> Identity:
    """Whom most pages name: groups that differ in nothing count together."""
    joined: list[tuple[Identity, int]] = []
    for group in groups:
        place = next((i for i, (known, _) in enumerate(joined) if not differences(known, group.identity)), None)
        if place is None:
            joined.append((group.identity, len(group.pages)))
        else:
            known, count = joined[place]
            joined[place] = (joined_identity([known, group.identity]), count + len(group.pages))
    return max(joined, key=lambda one: one[1], default=(Identity(), 0))[0]


def _question(pages: Sequence[int], differing: Sequence[Difference], *, is_record: bool) -> str:
    fields = [difference.field.value for difference in differing]
    what = f"the {' and the '.join(fields)} differ{'s' if len(fields) == 1 else ''}"
    if pages:
        who = f"page {pages[0]} of this file seems" if len(pages) == 1 else f"pages {_listed(pages)} of this file seem"
    else:
        who = "this file seems"
    than = "the patient of this record" if is_record else "its other pages"
    return f"{who} to be about another patient than {than}: {what}; compare the two places and say whether to keep it"


def _listed(pages: Sequence[int], most: int = 8) -> str:
    shown = ", ".join(str(page) for page in pages[:most])
    return shown if len(pages) <= most else f"{shown} and {len(pages) - most} more"
