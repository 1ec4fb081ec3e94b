"""Find coded statements of a record that cannot both be true."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from assistant.clinical.overview import Conflict, OverviewItem
from assistant.clinical.same_facts import codes_agree, fact_keys
from assistant.coded import ClinicalStatus, CodedEntry, EntryKind

_HELD = (ClinicalStatus.ACTIVE, ClinicalStatus.SUSPECTED, ClinicalStatus.CURRENT)
_DRUG_SYSTEMS = ("RxNorm", "NDC", "NDF-RT", "UNII", "ATC")
_LONGEST_LIST = 5
_MOST_COMPARED = 50


def find_conflicts(items: Sequence[OverviewItem]) -> Iterator[Conflict]:
    """The conflicts among the items of a record."""
    for kind, noun in (
        (EntryKind.ALLERGY, "allergies"),
        (EntryKind.PROBLEM, "problems"),
        (EntryKind.MEDICATION, "medicines"),
    ):
        yield from _none_beside_some([item for item in items if item.fact.kind is kind], noun)
    for kind in (EntryKind.ALLERGY, EntryKind.PROBLEM, EntryKind.MEDICATION):
        yield from _opposites([item for item in items if item.fact.kind is kind])
    yield from _two_values([item for item in items if item.fact.kind in (EntryKind.RESULT, EntryKind.VITAL)])


def _none_beside_some(items: Sequence[OverviewItem], noun: str) -> Iterator[Conflict]:
    """ "No known allergies" in one place, an allergy in another."""
    for none in items:
        if none.fact.status is not ClinicalStatus.NONE_KNOWN:
            continue
        some = [item for item in items if item.fact.status in _HELD and _is_denied(item.fact, none.fact)]
        if some:
            names = [item.fact.name for item in some]
            listed = ", ".join(names[:_LONGEST_LIST]) + (", ..." if len(names) > _LONGEST_LIST else "")
            yield Conflict(
                about=f'The record states "{none.fact.name}" and names {noun}: {listed}',
                spans=(*none.spans, *(span for item in some for span in item.spans)),
            )


def _is_denied(fact: CodedEntry, none: CodedEntry) -> bool:
    """Whether "no known drug allergies" denies this one: only what is surely a drug. A food's denial denies no drug."""
    words = none.name.casefold()
    if "drug" in words or ("medic" in words and none.kind is EntryKind.ALLERGY):
        return fact.code_system in _DRUG_SYSTEMS
    return not ("food" in words or "environment" in words or "latex" in words)


def _opposites(items: Sequence[OverviewItem]) -> Iterator[Conflict]:
    """A medicine that is current and stopped, a finding that is active and ruled out."""
    by_key: dict[tuple[str, ...], list[OverviewItem]] = {}
    for item in items:
        if item.fact.status not in _HELD:
            for key in fact_keys(item.fact):
                by_key.setdefault(key, []).append(item)
    for item in items:
        if item.fact.status not in _HELD:
            continue
        others = [other for key in fact_keys(item.fact) for other in by_key.get(key, [])[:_MOST_COMPARED]]
        for other in {id(other): other for other in others}.values():
            if codes_agree(item.fact, other.fact) and _contradicts(item.fact, other.fact):
                states = f"{item.fact.status.value} and {other.fact.status.value}".replace("_", " ")
                yield Conflict(about=f"{item.fact.name} is stated to be {states}", spans=(*item.spans, *other.spans))


def _contradicts(held: CodedEntry, other: CodedEntry) -> bool:
    if other.status is ClinicalStatus.RULED_OUT:
        return True
    if other.status not in (ClinicalStatus.STOPPED, ClinicalStatus.RESOLVED):
        return False
    # Stopped before it was begun again, or begun before and over since: history, no contradiction.
    end = other.last_date or other.date
    return held.date is None or end is None or not _is_before(end, held.date)


def _is_before(one: str, other: str) -> bool:
    length = min(len(one), len(other))
    return one[:length] < other[:length]


def _two_values(items: Sequence[OverviewItem]) -> Iterator[Conflict]:
    """Two values of one quantity at one moment; on one day there may well be two."""
    by_moment: dict[tuple[str, str], list[OverviewItem]] = {}
    for item in items:
        if item.fact.date and "T" in item.fact.date and item.fact.value and item.fact.code:
            by_moment.setdefault((item.fact.code, item.fact.date), []).append(item)
    for same in by_moment.values():
        for one, other in combinations(same[:_MOST_COMPARED], 2):
            if one.fact.unit == other.fact.unit and one.fact.status is other.fact.status:
                values = f"{one.fact.value} and {other.fact.value}"
                moment = (one.fact.date or "").replace("T", " ")
                yield Conflict(
                    about=f"{one.fact.name} of {moment} has the values {values}", spans=(*one.spans, *other.spans)
                )
