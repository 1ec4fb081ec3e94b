"""Decide by code whether cited words prove a statement.

quoted        every quotation in the statement stands verbatim in the cited words, and what is said around it brings no
              number, date, side, direction, relative or denial of its own that they do not prove
supported     the rules of `agreement` find nothing in the statement that one stretch of the cited words (a sentence or
              row, up to three in a row; one stretch from each cited passage) does not prove
unsupported   anything else: what a rule cannot judge is not called supported
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from assistant.domain import Origin, Page, Passage, Span, Support, Words
from assistant.evidence.agreement import Reading, disagreements, is_covered, other_standing, read, said_around
from assistant.evidence.quotes import QuoteFinder
from assistant.evidence.sentences import Extent, sentences


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the checker found; `reasons` name what is not proven in the statement's own words: never log them."""

    support: Support
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Up to three neighbouring sentences or rows of a text, read for comparison."""

    extent: Extent
    reading: Reading


_WINDOW_SENTENCES = 3
_CANDIDATES = 12
_QUOTATION = re.compile(r"[\"“”„«]([^\"“”„«»]{2,}?)[\"“”»]")


def check(statement: str, cited: Sequence[Passage]) -> Verdict:
    """The verdict on one statement, its [n] marks allowed in it, against the passages it cites."""
    if not cited:
        return Verdict(support=Support.UNSUPPORTED, reasons=("it cites nothing",))
    quotations = _QUOTATION.findall(statement)
    if not quotations:
        return _verdict(Support.SUPPORTED, _reasons(read(statement), cited))
    return _verdict(
        Support.QUOTED, (*_altered(quotations, cited), *_around(statement, cited), *_recast(statement, cited))
    )


def best_extent(statement: str, passage: Passage) -> Span | None:
    """The sentences or the row of `passage` that the statement rests on; None when the two share no word."""
    window = best_window(read(statement), passage.text)
    if window is None:
        return None
    span, extent = passage.span, window.extent
    return Span(file=span.file, page=span.page, start=span.start + extent.start, end=span.start + extent.end)


def best_window(statement: Reading, text: str) -> Window | None:
    """The shortest stretch of `text` that holds most of the statement and parts from it least; None for nothing."""
    scored = [(window, _held(statement, window.reading)) for window in windows(text)]
    most = max((held for _, held in scored), default=0)
    if not most:
        return None
    best = [window for window, held in scored if held == most]
    best.sort(key=lambda window: len(window.reading.content))
    return min(best[:_CANDIDATES], key=lambda window: len(disagreements(statement, [window.reading])))


@lru_cache(maxsize=512)
def windows(text: str) -> tuple[Window, ...]:
    """All runs of one to three sentences or rows of `text`."""
    units = sentences(text)
    return tuple(
        Window(extent=extent, reading=read(text[extent.start : extent.end]))
        for first in range(len(units))
        for last in range(first, min(first + _WINDOW_SENTENCES, len(units)))
        for extent in [Extent(start=units[first].start, end=units[last].end)]
    )


def _held(statement: Reading, reading: Reading) -> int:
    return sum(is_covered(standing.term, reading) for standing in statement.content)


def _verdict(if_proven: Support, reasons: tuple[str, ...]) -> Verdict:
    return Verdict(support=Support.UNSUPPORTED if reasons else if_proven, reasons=reasons)


def _reasons(statement: Reading, cited: Sequence[Passage]) -> tuple[str, ...]:
    """Why no stretch of one passage proves the statement, nor the best stretches of all of them together."""
    found = [window for passage in cited if (window := best_window(statement, passage.text))]
    if not found:
        return ("the cited words say nothing of it",)
    alone = [disagreements(statement, [window.reading]) for window in found]
    together = disagreements(statement, [window.reading for window in found])
    return min((*alone, together), key=len)


def _altered(quotations: Sequence[str], cited: Sequence[Passage]) -> Iterator[str]:
    finders = [QuoteFinder([_page(passage)]) for passage in cited]
    for quotation in quotations:
        if not any(finder.locate(quotation) for finder in finders):
            yield f"“{' '.join(quotation.split())}” does not stand so in the cited words"


def _around(statement: str, cited: Sequence[Passage]) -> Iterator[str]:
    """What the words around the quotations bring that the cited words do not prove; plain framing needs no proof."""
    around = _QUOTATION.sub(" … ", statement)
    yield from said_around(read(around), [reading for passage in cited for reading in _readings(passage)])


def _recast(statement: str, cited: Sequence[Passage]) -> Iterator[str]:
    """What the quoted words stand for otherwise where they were taken from: denied, doubted, or a relative's."""
    told = read(_QUOTATION.sub(r" \1 ", statement))
    found = [reading for passage in cited for reading in (*_readings(passage), *_runs(statement, passage))]
    yield from other_standing(told, found)


def _runs(statement: str, passage: Passage) -> Iterator[Reading]:
    """The sentences and rows that a quotation runs over, read as one line, as the quotation is."""
    finder = QuoteFinder([_page(passage)])
    for span in (span for quotation in _QUOTATION.findall(statement) for span in finder.locate(quotation)):
        touched = [each for each in sentences(passage.text) if each.start < span.end and span.start < each.end]
        if len(touched) > 1:
            yield read(" ".join(passage.text[touched[0].start : touched[-1].end].split()))


def _readings(passage: Passage) -> Iterator[Reading]:
    return (read(passage.text[extent.start : extent.end]) for extent in sentences(passage.text))


def _page(passage: Passage) -> Page:
    span = passage.span
    return Page(
        file=span.file, number=span.page, text=passage.text, width=1.0, height=1.0, origin=Origin.TEXT, words=Words()
    )
