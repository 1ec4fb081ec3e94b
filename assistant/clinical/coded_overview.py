"""Make the overview of a record from the coded entries of its C-CDA, FHIR and HL7 files."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from assistant.clinical.coded_conflicts import find_conflicts
from assistant.clinical.overview import Overview, OverviewItem
from assistant.clinical.same_facts import PlacedFact, join_facts
from assistant.coded import ClinicalStatus, EntryKind
from assistant.domain import Origin, Page, Span, Stated
from assistant.understanding.patient import Patient, find_patient

_OPEN = (ClinicalStatus.PLANNED, ClinicalStatus.PENDING, ClinicalStatus.CURRENT, ClinicalStatus.ACTIVE)
# The lines that the readers of structured files write themselves; no label there can be anything else.
_NUMBER_LINE = re.compile(r"^(?:Medical record number): (\S+)", re.MULTILINE)
_NAME_LINE = re.compile(r"^Patient: (.+)$", re.MULTILINE)


def coded_overview(pages: Callable[[], Iterable[Page]]) -> Overview:
    """The overview of the pages, which are asked for more than once; only one of them is in memory at a time."""
    items = join_facts(_placed(pages()))
    kinds = {kind: tuple(item for item in items if item.fact.kind is kind) for kind in EntryKind}
    return Overview(
        patient=_patient(pages),
        allergies=kinds[EntryKind.ALLERGY],
        problems=kinds[EntryKind.PROBLEM],
        medications=kinds[EntryKind.MEDICATION],
        results=_newest_first(kinds[EntryKind.RESULT]),
        vitals=_newest_first(kinds[EntryKind.VITAL]),
        procedures=_newest_first(kinds[EntryKind.PROCEDURE]),
        encounters=_newest_first(kinds[EntryKind.ENCOUNTER]),
        open_actions=tuple(item for item in kinds[EntryKind.PLAN] if item.fact.status in _OPEN),
        conflicts=tuple(find_conflicts(items)),
    )


def _placed(pages: Iterable[Page]) -> Iterator[PlacedFact]:
    for page in pages:
        for entry in page.entries:
            span = Span(file=page.file, page=page.number, start=entry.start, end=entry.end)
            yield PlacedFact(fact=replace(entry, start=0, end=0), span=span)


def _newest_first(items: Iterable[OverviewItem]) -> tuple[OverviewItem, ...]:
    return tuple(sorted(items, key=lambda item: item.fact.date or "", reverse=True))


def _patient(pages: Callable[[], Iterable[Page]]) -> Patient:
    """Who the pages name; with the numbers of structured files, which may be of any form."""
    patient = find_patient(pages())
    numbers = list(patient.identifiers)
    names: list[Stated] = []
    for page in pages():
        if page.origin is Origin.STRUCTURED:
            numbers += _stated(page, _NUMBER_LINE)
            names += _stated(page, _NAME_LINE)
    distinct = {one.value: one for one in reversed(numbers)}
    name = patient.name or next(iter(names), None)
    return replace(patient, name=name, identifiers=tuple(reversed(distinct.values())))


def _stated(page: Page, pattern: re.Pattern[str]) -> Iterator[Stated]:
    for match in pattern.finditer(page.text):
        span = Span(file=page.file, page=page.number, start=match.start(1), end=match.end(1))
        yield Stated(value=match.group(1), span=span)
