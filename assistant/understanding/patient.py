"""Who pages are about: what the labels of a page state, what most pages of a file or record state.

The value that most pages state wins: letterheads repeat the patient, a relative is named once. What is not labelled
stays unknown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from assistant.domain import Identity, Page, Stated
from assistant.understanding.identity_labels import labelled

_FEMALE, _MALE = "F", "M"
_SEXES = {"f": _FEMALE, "m": _MALE, "女": _FEMALE, "男": _MALE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """Who the record is about; what no page states is None. Dates and numbers are as written, the sex is F or M."""

    name: Stated | None = None
    sex: Stated | None = None
    birth_date: Stated | None = None
    identifiers: tuple[Stated, ...] = ()


def find_patient(pages: Iterable[Page]) -> Patient:
    """The patient that most pages name."""
    found = [labelled(page) for page in pages]
    names = _commonest_first([name for one in found for name in one.names])
    birth_dates = _commonest_first([birth for one in found for birth in one.birth_dates])
    sexes = [_as_letter(sex) for one in found for sex in one.sexes]
    return Patient(
        name=next(iter(names), None),
        sex=next(iter(_commonest_first(sexes)), None),
        birth_date=next(iter(birth_dates), None),
        identifiers=_commonest_first([number for one in found for number in one.numbers]),
    )


def page_identity(page: Page) -> Identity:
    """Whom one page names."""
    found = labelled(page)
    return Identity(
        names=_commonest_first(found.names),
        birth_dates=_commonest_first(found.birth_dates),
        numbers=_commonest_first(found.numbers),
    )


def joined_identity(identities: Iterable[Identity]) -> Identity:
    """Whom several pages of a file, or several files of a record, name; in the same way for both."""
    known = list(identities)
    return Identity(
        names=_commonest_first([name for one in known for name in one.names]),
        birth_dates=_commonest_first([birth for one in known for birth in one.birth_dates]),
        numbers=_commonest_first([number for one in known for number in one.numbers]),
    )


def _commonest_first(stated: Sequence[Stated]) -> tuple[Stated, ...]:
    """Each value once, where it stands first; the one that is stated most often in front."""
    counts = Counter(one.value.casefold() for one in stated)
    firsts: dict[str, Stated] = {}
    for one in stated:
        firsts.setdefault(one.value.casefold(), one)
    return tuple(firsts[value] for value, _ in counts.most_common())


def _as_letter(sex: Stated) -> Stated:
    return Stated(value=_SEXES[sex.value[0].casefold()], span=sex.span)
