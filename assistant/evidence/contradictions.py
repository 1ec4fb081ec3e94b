"""Cited words that say different things about the same fact: two allergy statuses, doses, values, sides.

Rather silent than wrong. Allergies do not pass, so they are compared across all days. Doses, values and sides are
compared where both stand under the same full date: one in the sentence, or that of two different documents.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

from assistant.domain import Citation, Contradiction, DocumentKind, Page, PageRef, Record, SourceDocument, Span
from assistant.evidence.sentences import sentences
from assistant.evidence.stated_facts import (
    ANY_DRUG,
    ANY_SUBSTANCE,
    NOT_ALLERGIC,
    Fact,
    FactKind,
    micrograms,
    stated_facts,
)

_REASONS = {
    FactKind.ALLERGY: "different allergy statuses",
    FactKind.DOSE: "two doses of one drug on the same day",
    FactKind.VALUE: "two values of one measurement on the same day",
    FactKind.SIDE: "left and right for the same finding on the same day",
}
_SAME_WORDS = 2
"""So many words beside the side and its place must be shared before two findings count as one."""
_SAME_SCALE = 3.0
"""Values whose units are not both stated are compared only if one is not so many times the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stated:
    """A fact, the place it was taken from, and the document that the place is in."""

    fact: Fact
    span: Span
    document: tuple[str, int] | None
    document_day: str | None
    is_laboratory: bool


PageLookup = Callable[[PageRef], Page | None]
DocumentLookup = Callable[[Span], SourceDocument | None]


def no_document(_: Span) -> SourceDocument | None:
    """For records whose documents are not known."""
    return None


def documents_of(record: Record) -> DocumentLookup:
    """Which document of a record a span stands in."""
    documents = {file.name: file.documents for file in record.files}

    def document_of(span: Span) -> SourceDocument | None:
        pages = documents.get(span.file, ())
        return next((known for known in pages if known.first_page <= span.page <= known.last_page), None)

    return document_of


def contradictions(
    citations: Sequence[Citation], page_of: PageLookup, document_of: DocumentLookup = no_document
) -> tuple[Contradiction, ...]:
    """The pairs of citations that contradict each other, each pair once."""
    pairs = contradicting_spans([citation.span for citation in citations], page_of, document_of)
    return tuple(
        Contradiction(first=citations[one].n, second=citations[other].n, reason=reason) for one, other, reason in pairs
    )


def contradicting_spans(
    spans: Sequence[Span], page_of: PageLookup, document_of: DocumentLookup = no_document
) -> tuple[tuple[int, int, str], ...]:
    """Which of the spans contradict each other: the indexes of two, and why, in words that quote nothing."""
    stated = [tuple(_stated(span, page_of, document_of)) for span in spans]
    found: dict[tuple[int, int], str] = {}
    for (one, here), (other, there) in combinations(enumerate(stated), 2):
        for fact in here:
            for against in there:
                if (one, other) not in found and _disagree(fact, against):
                    found[one, other] = _REASONS[fact.fact.kind]
    return tuple((one, other, reason) for (one, other), reason in found.items())


def _stated(span: Span, page_of: PageLookup, document_of: DocumentLookup) -> list[_Stated]:
    """The facts of the sentences and rows that the span touches."""
    page = page_of(span.page_ref)
    if page is None:
        return []
    document = document_of(span)
    touched = [extent for extent in sentences(page.text) if extent.start < span.end and span.start < extent.end]
    return [
        _Stated(
            fact=fact,
            span=Span(file=span.file, page=span.page, start=extent.start, end=extent.end),
            document=(span.file, document.first_page) if document else None,
            document_day=document.date if document else None,
            is_laboratory=document is not None and document.kind is DocumentKind.LABORATORY,
        )
        for extent in touched
        for fact in stated_facts(page.text[extent.start : extent.end])
    ]


def _disagree(one: _Stated, other: _Stated) -> bool:
    if one.fact.kind is not other.fact.kind or one.span == other.span:
        return False
    if one.fact.kind is FactKind.ALLERGY:
        return _other_allergy(one.fact, other.fact)
    if one.fact.about != other.fact.about or not _same_day(one, other):
        return False
    if one.fact.kind is FactKind.DOSE:
        return _other_dose(one.fact, other.fact)
    return _other_value(one.fact, other.fact) if one.fact.kind is FactKind.VALUE else _other_side(one.fact, other.fact)


def _same_day(one: _Stated, other: _Stated) -> bool:
    """Whether both are of the same full date. A document's date counts for what it states without any date."""
    days = {_day(stated) for stated in (one, other)}
    if len(days) > 1 or None in days:
        return False
    is_stated = one.fact.day is not None and other.fact.day is not None
    return is_stated or one.document != other.document


def _day(stated: _Stated) -> str | None:
    if stated.fact.is_dated:
        return stated.fact.day
    if stated.fact.kind is FactKind.VALUE and not stated.is_laboratory:
        return None  # a letter tells of values of other days
    day = stated.document_day
    return day if day and len(day) == len("2024-05-12") else None


def _other_allergy(one: Fact, other: Fact) -> bool:
    if one.said == other.said:
        return False
    denial, allergy = (one, other) if one.said == NOT_ALLERGIC else (other, one)
    if denial.about == ANY_DRUG:
        return "drug" in allergy.context
    return denial.about in (ANY_SUBSTANCE, allergy.about)


def _other_dose(one: Fact, other: Fact) -> bool:
    """Whether the amounts differ, other than as a day's dose in one and in several parts."""
    smaller, larger = sorted((micrograms(one), micrograms(other)))
    return smaller > 0 and larger != smaller and larger / smaller not in (2.0, 3.0, 4.0)


def _other_value(one: Fact, other: Fact) -> bool:
    if None not in (one.unit, other.unit) and one.unit != other.unit:
        return False
    try:
        values = sorted((float(one.said), float(other.said)))
    except ValueError:  # "1+", "120/80"
        return False
    if one.unit != other.unit and values[1] > _SAME_SCALE * values[0]:
        return False
    decimals = min(len(fact.said.partition(".")[2]) for fact in (one, other))
    return round(values[0], decimals) != round(values[1], decimals)


def _other_side(one: Fact, other: Fact) -> bool:
    return one.said != other.said and len(one.context & other.context) >= _SAME_WORDS
