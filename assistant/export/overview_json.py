"""The overview as the JSON object that the command line promises to other programs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache

from assistant.clinical.overview import Conflict, Overview, OverviewItem
from assistant.domain import Page, PageRef, Span
from assistant.evidence.boxes import boxes
from assistant.export.contract_json import Json, place_json
from assistant.understanding.patient import Patient
from assistant.understanding.written_dates import written_dates

_SEXES = {"F": "female", "M": "male"}
_PAGES_KEPT = 64
PageOf = Callable[[PageRef], Page]


def overview_json(overview: Overview, page_of: PageOf) -> Json:
    """The object of `overview`; `page_of` gives the pages that are cited."""
    cited = lru_cache(maxsize=_PAGES_KEPT)(page_of)
    lists = {
        "allergies": overview.allergies,
        "problems": overview.problems,
        "medications": overview.medications,
        "results": overview.results,
        "vitals": overview.vitals,
        "procedures": overview.procedures,
        "encounters": overview.encounters,
        "open_actions": overview.open_actions,
    }
    return {
        "patient": _patient_json(overview.patient, cited),
        **{name: [_item_json(item, cited) for item in items] for name, items in lists.items()},
        "conflicts": [_conflict_json(conflict, cited) for conflict in overview.conflicts],
    }


def _patient_json(patient: Patient, page_of: PageOf) -> Json:
    stated = [one for one in (patient.name, patient.sex, patient.birth_date, *patient.identifiers) if one]
    return {
        "name": patient.name.value if patient.name else None,
        "sex": _SEXES.get(patient.sex.value, patient.sex.value) if patient.sex else None,
        "birth_date": _iso(patient.birth_date.value) if patient.birth_date else None,
        "identifiers": [one.value for one in patient.identifiers],
        "citations": _citations_json((one.span for one in stated), page_of),
    }


def _item_json(item: OverviewItem, page_of: PageOf) -> Json:
    fact = item.fact
    details = {
        "date": _day(fact.date),
        "first_date": _day(fact.first_date),
        "last_date": _day(fact.last_date),
        "value": fact.value,
        "unit": fact.unit,
        "reference_range": fact.reference_range,
        "flag": fact.flag,
        "dose": fact.dose,
        "route": fact.route,
        "frequency": fact.frequency,
        "reaction": fact.reaction,
        "code": {"system": fact.code_system, "code": fact.code} if fact.code else None,
    }
    return {
        "name": fact.name,
        "status": fact.status.value,
        **{name: detail for name, detail in details.items() if detail is not None},
        "citations": _citations_json(item.spans, page_of),
    }


def _conflict_json(conflict: Conflict, page_of: PageOf) -> Json:
    return {"about": conflict.about, "citations": _citations_json(conflict.spans, page_of)}


def _citations_json(spans: Iterable[Span], page_of: PageOf) -> list[Json]:
    return [
        place_json(span, page.text[span.start : span.end], boxes(page, span.start, span.end))
        for span in dict.fromkeys(spans)
        for page in (page_of(span.page_ref),)
    ]


def _iso(written: str) -> str:
    """A date of birth in ISO 8601; one that can be read in two ways stays as it is written."""
    readings = [reading for date in written_dates(written) for reading in date.readings]
    return readings[0] if len(readings) == 1 else written


def _day(time: str | None) -> str | None:
    """The contract's dates are days; the time of day stays in the citation."""
    return time.partition("T")[0] if time else None
