"""Join the same fact stated in several places into one item; when in doubt, two facts stay two."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation

from assistant.clinical.overview import OverviewItem
from assistant.coded import CodedEntry, EntryKind
from assistant.domain import Span

_MARKS = re.compile(r"[\W_]+")
# "(disorder)" and its kind only say what SNOMED CT files a name under.
_SEMANTIC_TAG = re.compile(
    r"\s*\((?:disorder|finding|procedure|situation|substance|event|product|observable entity)\)$"
)
_MEASURED = (EntryKind.RESULT, EntryKind.VITAL)
# The same medicine is on a hundred lists at most; a file of a million must not be compared a million million times.
_MOST_COMPARED = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedFact:
    """A coded entry and where it stands."""

    fact: CodedEntry
    span: Span


@dataclass(slots=True, kw_only=True)
class _Group:
    fact: CodedEntry
    spans: list[Span] = field(default_factory=list)


def join_facts(placed: Iterable[PlacedFact]) -> list[OverviewItem]:
    """The facts, each once, in the order in which they are first stated."""
    groups: list[_Group] = []
    by_key: dict[tuple[str, ...], list[_Group]] = {}
    for one in placed:
        keys = fact_keys(one.fact)
        known = (group for key in keys for group in by_key.get(key, [])[-_MOST_COMPARED:])
        group = next((group for group in known if are_same(group.fact, one.fact)), None)
        if group is None:
            group = _Group(fact=one.fact)
            groups.append(group)
        else:
            group.fact = _joined(group.fact, one.fact)
        if one.span not in group.spans:
            group.spans.append(one.span)
        for key in keys:
            same = by_key.setdefault(key, [])
            if not any(each is group for each in same):
                same.append(group)
    return [OverviewItem(fact=group.fact, spans=tuple(group.spans)) for group in groups]


def codes_agree(one: CodedEntry, other: CodedEntry) -> bool:
    """Whether two entries that share a key are about the same thing: no two codes of one system differ."""
    return not (one.code and other.code and one.code_system == other.code_system) or one.code == other.code


def are_same(one: CodedEntry, other: CodedEntry) -> bool:
    """Whether two entries that share a key state one fact.

    Two measurements on one day, or two courses of a medicine, are two.
    """
    if one.status is not other.status or not codes_agree(one, other):
        return False
    if not (_same_value(one.value, other.value) and _same_words(one.unit, other.unit)):
        return False
    if one.kind is EntryKind.ALLERGY:  # to be allergic is one fact, whenever it was written down
        return True
    if not (_same_dose(one, other) and _same_time(one.last_date, other.last_date)):
        return False
    if one.kind in _MEASURED and (one.date is None) != (other.date is None):
        return False
    return _same_time(one.date, other.date)


def plain_name(name: str) -> str:
    """A name in lower case without marks."""
    return _MARKS.sub(" ", _SEMANTIC_TAG.sub("", name.casefold())).strip()


def fact_keys(fact: CodedEntry) -> list[tuple[str, ...]]:
    """What entries about the same thing share at least one of: code and name; of values, on the same day."""
    day = (fact.date or "")[:10] if fact.kind in _MEASURED else ""
    name = ("name", fact.kind.value, day, plain_name(fact.name))
    return [("code", fact.kind.value, day, fact.code_system or "", fact.code), name] if fact.code else [name]


def _joined(one: CodedEntry, other: CodedEntry) -> CodedEntry:
    """The first, with what only the other says, and with the more precise of two times."""
    reactions = [reaction for reaction in (one.reaction, other.reaction) if reaction]
    coded = one if one.code else other
    return replace(
        one,
        date=_longer(one.date, other.date),
        first_date=_longer(one.first_date, other.first_date),
        last_date=_longer(one.last_date, other.last_date),
        unit=one.unit or other.unit,
        reference_range=one.reference_range or other.reference_range,
        flag=one.flag or other.flag,
        dose=one.dose or other.dose,
        route=one.route or other.route,
        frequency=one.frequency or other.frequency,
        reaction="; ".join(dict.fromkeys(reactions)) or None,
        code_system=coded.code_system,
        code=coded.code,
    )


def _longer(one: str | None, other: str | None) -> str | None:
    """The more precise of two times that agree; of two that do not, the first."""
    if one is None or (other is not None and other.startswith(one)):
        return other
    return one


def _same_time(one: str | None, other: str | None) -> bool:
    return one is None or other is None or one.startswith(other) or other.startswith(one)


def _same_words(one: str | None, other: str | None) -> bool:
    return one is None or other is None or one.casefold() == other.casefold()


def _same_dose(one: CodedEntry, other: CodedEntry) -> bool:
    pairs = ((one.dose, other.dose), (one.route, other.route), (one.frequency, other.frequency))
    return all(_same_words(first, second) for first, second in pairs)


def _same_value(one: str | None, other: str | None) -> bool:
    """5.90 and 5.9 are one value; a value and none are not."""
    if one is None or other is None:
        return one is other
    try:
        return Decimal(one) == Decimal(other)
    except InvalidOperation:
        return one.casefold() == other.casefold()
