"""Understand the pages of one file: its documents, what on its pages is set apart, whom they name, what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from assistant.domain import Origin, Page, Region, SourceDocument, Span
from assistant.understanding.authors import SIGNED, Author, author_of, authors
from assistant.understanding.date_words import DateLabel
from assistant.understanding.event_dates import LabelledDate, event_date, labelled_dates, order_of
from assistant.understanding.furniture import OF_A_DOCUMENT, OF_A_FILE, furniture
from assistant.understanding.identities import PageIdentity
from assistant.understanding.kinds import kind_of
from assistant.understanding.lines import TextLine
from assistant.understanding.missing_pages import file_warnings
from assistant.understanding.page_digest import PageDigest, digest
from assistant.understanding.regions import apart
from assistant.understanding.splitting import document_starts
from assistant.understanding.written_dates import DayOrder

_PAGES_FOR_KIND = 3
# The dates that the head of a structured document labels; its tables are full of others.
_CODED = frozenset({DateLabel.VISITED, DateLabel.ADMITTED, DateLabel.DISCHARGED, DateLabel.PLAIN, DateLabel.TITLE})
_PAGES_FOR_ORDER = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class FileUnderstanding:
    """What the pages of a file are: documents in the order of their pages, regions by page number (in order, apart).

    `identities` are whom the pages name, a value a page, for `other_patient_among` and the file's identity.
    """

    documents: tuple[SourceDocument, ...]
    regions: Mapping[int, tuple[Region, ...]]
    warnings: tuple[str, ...]
    identities: tuple[PageIdentity, ...] = ()


def understand_file(pages: Iterable[Page]) -> FileUnderstanding:
    """Read the pages of one file once, in order, keeping a few lines of each."""
    digests = [digest(page) for page in pages]
    starts = document_starts(digests)
    documents = [digests[start:end] for start, end in pairwise([*starts, len(digests)])]
    return FileUnderstanding(
        documents=tuple(_document(pages, digests) for pages in documents),
        regions=_regions(digests, documents),
        warnings=tuple(file_warnings(documents)),
        identities=tuple(page.identity for page in digests),
    )


def _document(pages: Sequence[PageDigest], file: Sequence[PageDigest]) -> SourceDocument:
    first, last = pages[0], pages[-1]
    titled = next((page for page in pages[:_PAGES_FOR_KIND] if page.title), first)
    dates = [date for date in _dates(pages) if first.origin is not Origin.STRUCTURED or date.label in _CODED]
    tells_of_stay = {date.label for date in dates} >= {DateLabel.ADMITTED, DateLabel.DISCHARGED}
    kind = kind_of(titled.title, [page.cues for page in pages[:_PAGES_FOR_KIND]], tells_of_stay=tells_of_stay)
    title = titled.title if titled.title and titled.title.kind is kind else None
    date = event_date(kind, dates)
    if date is None and first.origin is not Origin.STRUCTURED:
        dates += _last_dates(pages)
        date = event_date(kind, dates)
    author = _author(pages)
    return SourceDocument(
        kind=kind,
        first_page=first.number,
        last_page=last.number,
        date=date.written.read(_order(date, dates, pages, file)) if date else None,
        author=author.value if author else None,
        kind_span=_span(first.file, titled.number, title.line.start, title.line.end) if title else None,
        date_span=_span(first.file, date.page, date.start, date.end) if date else None,
        author_span=_span(first.file, author.page, author.start, author.end) if author else None,
    )


def _dates(pages: Sequence[PageDigest]) -> Iterator[LabelledDate]:
    """The labelled dates at the beginning of a document, and in a title that comes on a later page."""
    first = pages[0]
    yield from labelled_dates(first.head, first.number, first.title.line if first.title else None)
    for page in pages[1:_PAGES_FOR_KIND]:
        if page.title and not first.title:
            yield from labelled_dates([page.title.line], page.number, page.title.line)


def _last_dates(pages: Sequence[PageDigest]) -> Iterator[LabelledDate]:
    first, last = pages[0], pages[-1]
    yield from labelled_dates(_end(first, last), last.number, None)


def _author(pages: Sequence[PageDigest]) -> Author | None:
    """Who signed at the end; else whom the beginning names; else who signed on a page before the last."""
    first, last = pages[0], pages[-1]
    found = list(authors(last.tail, last.number))
    if any(author.points >= SIGNED for author in found):
        return author_of(found)
    found += authors(first.head, first.number)
    if not found:
        found = [author for page in pages[-2:0:-1][:_PAGES_FOR_KIND] for author in authors(page.tail, page.number)]
    return author_of(found)


def _order(
    date: LabelledDate, dates: Sequence[LabelledDate], pages: Sequence[PageDigest], file: Sequence[PageDigest]
) -> DayOrder:
    """The order of day and month in a document; in its file, where the document does not show it."""
    if len(date.written.readings) == 1:
        return DayOrder.UNKNOWN
    order = order_of([*dates, *_last_dates(pages)], [*pages[0].head, *pages[-1].tail])
    if order is not DayOrder.UNKNOWN:
        return order
    lines = [line for page in file[:_PAGES_FOR_ORDER] for line in page.head]
    return order_of(labelled_dates(lines, 0, None), lines)


def _end(first: PageDigest, last: PageDigest) -> list[TextLine]:
    """The last lines of a document that are not among its first."""
    return [line for line in last.tail if last is not first or not first.head or line.start > first.head[-1].start]


def _regions(digests: Sequence[PageDigest], documents: Sequence[Sequence[PageDigest]]) -> dict[int, tuple[Region, ...]]:
    found: dict[int, list[Region]] = {page.number: list(page.instructions) for page in digests}
    groups = [(pages, OF_A_DOCUMENT) for pages in documents]
    if len(documents) > 1:
        groups.append((digests, OF_A_FILE))  # what was stamped on every page of a bundle
    for pages, share in groups:
        for number, regions in furniture(pages, share).items():
            found[number] += regions
    texts = {page.number: apart(found[page.number]) for page in digests}
    return {number: regions for number, regions in texts.items() if regions}


def _span(file: str, page: int, start: int, end: int) -> Span:
    return Span(file=file, page=page, start=start, end=end)
