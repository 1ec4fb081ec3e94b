"""What a passage is read in: its document, the heading, table or speaker above it. Search reads it with the passage.

None of it is part of the passage's text, which stays exactly what its page says between two places.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from assistant.domain import DocumentKind, Page, Passage, SourceDocument
from assistant.evidence.passages import is_set_apart, passages
from assistant.evidence.sentences import is_heading

_LABEL = re.compile(r"(?P<label>[A-Z][\w /()'&.-]{0,38}):\s+\S")
_CELL_BREAK = "\t"
_DIGIT = re.compile(r"\d")
_MARKS = "#*: \t"


@dataclass(frozen=True, slots=True, kw_only=True)
class PassageContext:
    """Where a passage stands; unknown is None or empty.

    `document` counts the documents of its file from 0. `section` is the heading that the passage stands under,
    `headings` are those inside it, the marks of its lines among them ("Plan: ..."). `table` is the header row of the
    table that it begins in, `label` the mark of the paragraph or turn that it begins in: "Assessment", a speaker.
    """

    document: int = 0
    kind: DocumentKind | None = None
    date: str | None = None
    section: str = ""
    headings: tuple[str, ...] = ()
    table: str = ""
    label: str = ""

    @property
    def words(self) -> str:
        """What search reads before the passage's own words."""
        kind = "" if self.kind in (None, DocumentKind.OTHER) else self.kind.replace("_", " ")
        document = f"{kind} {self.date or ''}".strip()
        return "\n".join(part for part in (document, self.section, self.table, self.label) if part)


NO_CONTEXT = PassageContext()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedPassage:
    """A passage with its context."""

    passage: Passage
    context: PassageContext

    @property
    def searched_text(self) -> str:
        """What the encoder is given."""
        return "\n".join(part for part in (self.context.words, self.passage.text) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Above:
    """What stands above a place of a document; `cells` is how many the table's row right above has, 0 for no table."""

    section: str = ""
    table: str = ""
    cells: int = 0
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """A line of a page: where it starts, what a passage that starts with it stands under, and one that starts in it."""

    start: int
    before: _Above
    within: _Above
    heading: str = ""


def placed_passages(pages: Iterable[Page], documents: Sequence[SourceDocument] = ()) -> Iterator[PlacedPassage]:
    """The passages of one file's pages in order, each in its context; a section runs on over its document's pages."""
    above, before = _Above(), -1
    for page in pages:
        number = _document_number(page, documents)
        above = replace(above, label="") if number == before else _Above()
        lines = tuple(_lines(page, above))
        for passage in passages(page):
            yield PlacedPassage(passage=passage, context=_context(passage, lines, number, documents))
        above, before = lines[-1].within if lines else above, number


def _document_number(page: Page, documents: Sequence[SourceDocument]) -> int:
    around = (n for n, document in enumerate(documents) if document.first_page <= page.number <= document.last_page)
    return next(around, 0)


def _context(
    passage: Passage, lines: Sequence[_Line], number: int, documents: Sequence[SourceDocument]
) -> PassageContext:
    start, end = passage.span.start, passage.span.end
    first = bisect_right(lines, start, key=lambda line: line.start) - 1
    last = bisect_right(lines, end - 1, key=lambda line: line.start)
    above = lines[first].before if lines[first].start == start else lines[first].within
    headings = (line.heading for line in lines[first:last] if line.heading and line.start >= start)
    document = documents[number] if documents else None
    return PassageContext(
        document=number,
        kind=document.kind if document else None,
        date=document.date if document else None,
        section=above.section,
        headings=tuple(dict.fromkeys(headings)),
        table=above.table,
        label=above.label,
    )


def _lines(page: Page, above: _Above) -> Iterator[_Line]:
    """The lines of `page` that have words and are not set apart; `above` is what the page before ends with."""
    at = 0
    for line in page.text.split("\n"):
        words, start = line.strip(), at + len(line) - len(line.lstrip())
        at += len(line) + 1
        if not words:
            above = replace(above, label="")
        elif not is_set_apart(page, start):
            passed = _passed(start, words, above)
            above = passed.within
            yield passed


def _passed(start: int, line: str, above: _Above) -> _Line:
    """The line at `start`, of which `above` is what stands above it."""
    if is_heading(line):
        heading = line.strip(_MARKS)
        return _Line(start=start, heading=heading, before=_Above(), within=_Above(section=heading))
    cells = line.count(_CELL_BREAK) + 1 if _CELL_BREAK in line else 0
    if cells and cells == above.cells:
        return _Line(start=start, before=above, within=above)
    above = replace(above, table="", cells=0)
    if cells:
        header = "" if _DIGIT.search(line) else line.replace(_CELL_BREAK, " | ")
        return _Line(start=start, before=above, within=replace(above, table=header, cells=cells))
    if label := _LABEL.match(line):
        mark = label["label"]
        return _Line(start=start, heading=mark, before=replace(above, label=""), within=replace(above, label=mark))
    return _Line(start=start, before=above, within=above)
