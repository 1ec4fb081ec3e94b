"""Check statements against a record: the words they cite if any, else whatever the record says nearest to them.

A quotation counts with the whole sentence or row that it was taken from: "evidence of fracture" proves nothing where
the record says "no evidence of fracture".
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import nlargest
from math import log

from assistant.domain import Page, PageRef, Span, Support
from assistant.evidence.agreement import Reading, disagreements, is_covered, read
from assistant.evidence.quotes import QuoteFinder
from assistant.evidence.rewordings import stems_by_proof_meaning
from assistant.evidence.sentences import Extent, sentences
from assistant.evidence.synonyms import stem


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """The verdict on a statement, why, and the words of the record that it rests on or comes nearest to."""

    support: Support
    reasons: tuple[str, ...] = ()
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Unit:
    """One sentence or row: the `index`-th of its page."""

    page: PageRef
    index: int
    stems: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Finding:
    """A stretch of the record held against the statement; `held` is the share of the statement's terms that it has."""

    spans: tuple[Span, ...]
    reasons: tuple[str, ...]
    held: float

    @property
    def rank(self) -> tuple[int, int]:
        """Sorts what proves most first, among equals the shortest."""
        return len(self.reasons), sum(span.end - span.start for span in self.spans)


_WINDOW_SENTENCES = 3
_CANDIDATES = 12
_SPOKEN_OF_SHARE = 0.5
"""Below this share of its words in any one place a statement is not in the record rather than not proven by it."""
_WORD = re.compile(r"[^\W_]+")


class Verifier:
    """A record's pages made ready once, so that many statements are checked fast."""

    def __init__(self, pages: Iterable[Page]) -> None:
        self._pages = tuple(pages)
        self._texts = {PageRef(file=page.file, page=page.number): page.text for page in self._pages}
        self._extents = {ref: sentences(text) for ref, text in self._texts.items()}
        self._units = tuple(unit for page in self._pages for unit in self._units_of(page))
        self._frequency = Counter(word for unit in self._units for word in unit.stems)
        self._finders: dict[tuple[str | None, int | None], QuoteFinder] = {}

    def verify(
        self, text: str, *, file: str | None = None, page: int | None = None, quote: str | None = None
    ) -> Verification:
        """The verdict on `text`, which cites `file`, `page` and `quote` as far as they are given."""
        if not any(_is_cited(ref, file, page) for ref in self._texts):
            return _unproven("it cites a page that the record does not have")
        if quote is not None:
            return self._verify_by_quote(text, quote, file, page)
        return self._verify_by_search(text, file, page)

    def _verify_by_quote(self, text: str, quote: str, file: str | None, page: int | None) -> Verification:
        spans = self._finder(file, page).locate(quote)
        if not spans:
            return _unproven("the quote does not stand so in what it cites")
        statement = read(text)
        findings = [self._held_against(statement, self._with_sentences(place)) for place in _places(spans)]
        best = min(findings, key=lambda finding: finding.rank)
        return Verification(support=self._support(text, best, file, page), reasons=best.reasons, spans=best.spans)

    def _verify_by_search(self, text: str, file: str | None, page: int | None) -> Verification:
        statement = read(text)
        found = [
            self._held_against(statement, [span])
            for unit in self._nearest(text, file, page)
            for span in self._windows(unit)
        ]
        if not found or max(finding.held for finding in found) < _SPOKEN_OF_SHARE:
            support = Support.NOT_IN_RECORD if file is None else Support.UNSUPPORTED
            return Verification(support=support, reasons=("nothing in what it cites says it",))
        best = min(found, key=lambda finding: finding.rank)
        return Verification(support=self._support(text, best, file, page), reasons=best.reasons, spans=best.spans)

    def _held_against(self, statement: Reading, spans: Sequence[Span]) -> _Finding:
        evidence = read("\n".join(self._texts[span.page_ref][span.start : span.end] for span in spans))
        held = sum(is_covered(standing.term, evidence) for standing in statement.content)
        return _Finding(
            spans=tuple(spans),
            reasons=disagreements(statement, [evidence]),
            held=held / max(1, len(statement.content)),
        )

    def _with_sentences(self, place: Sequence[Span]) -> list[Span]:
        """The spans of a quotation, each widened to the whole sentences that it touches."""
        return [self._widened(span) for span in place]

    def _widened(self, span: Span) -> Span:
        touched = [
            extent for extent in self._extents[span.page_ref] if extent.start < span.end and span.start < extent.end
        ]
        return _span(span.page_ref, touched)

    def _windows(self, unit: _Unit) -> Iterator[Span]:
        """The runs of one to three sentences that hold the unit."""
        extents = self._extents[unit.page]
        for length in range(1, _WINDOW_SENTENCES + 1):
            for first in range(max(0, unit.index - length + 1), min(unit.index, len(extents) - length) + 1):
                yield _span(unit.page, extents[first : first + length])

    def _support(self, text: str, best: _Finding, file: str | None, page: int | None) -> Support:
        if best.reasons:
            return Support.UNSUPPORTED
        return Support.QUOTED if self._finder(file, page).locate(text) else Support.SUPPORTED

    def _finder(self, file: str | None, page: int | None) -> QuoteFinder:
        key = (file, page)
        if key not in self._finders:
            cited = (self._pages[at] for at, ref in enumerate(self._texts) if _is_cited(ref, file, page))
            self._finders[key] = QuoteFinder(cited)
        return self._finders[key]

    def _units_of(self, page: Page) -> Iterator[_Unit]:
        ref = PageRef(file=page.file, page=page.number)
        for index, extent in enumerate(self._extents[ref]):
            yield _Unit(page=ref, index=index, stems=_stems(page.text[extent.start : extent.end]))

    def _nearest(self, text: str, file: str | None, page: int | None) -> list[_Unit]:
        """The sentences that share most with the statement and its synonyms, rare words counting more."""
        wanted = _stems(text).union(*(_meant_stems(standing.term.key) for standing in read(text).content))
        weights = {word: log(1 + len(self._units) / self._frequency[word]) for word in wanted if self._frequency[word]}
        scope = (unit for unit in self._units if _is_cited(unit.page, file, page))
        return nlargest(_CANDIDATES, scope, key=lambda unit: sum(weights[word] for word in weights.keys() & unit.stems))


def verify(
    text: str, pages: Iterable[Page], *, file: str | None = None, page: int | None = None, quote: str | None = None
) -> Verification:
    """The verdict on one statement; to check several against the same pages, make a `Verifier` once."""
    return Verifier(pages).verify(text, file=file, page=page, quote=quote)


def _is_cited(ref: PageRef, file: str | None, page: int | None) -> bool:
    return file in (None, ref.file) and page in (None, ref.page)


def _unproven(reason: str) -> Verification:
    return Verification(support=Support.UNSUPPORTED, reasons=(reason,))


def _span(ref: PageRef, extents: Sequence[Extent]) -> Span:
    return Span(file=ref.file, page=ref.page, start=extents[0].start, end=extents[-1].end)


def _places(spans: Sequence[Span]) -> Iterator[list[Span]]:
    """The places of a quotation: a span each, or one a page where it runs over a page's edge."""
    place: list[Span] = []
    for span in spans:
        follows = place and (span.file, span.page) == (place[-1].file, place[-1].page + 1)
        if place and not follows:
            yield place
            place = []
        place.append(span)
    if place:
        yield place


def _stems(text: str) -> frozenset[str]:
    return frozenset(stem(word) for word in _WORD.findall(text.lower()))


def _meant_stems(key: str) -> frozenset[str]:
    return stems_by_proof_meaning().get(key.replace("_", " "), frozenset())
