"""Check what a model wrote, statement by statement, against the words it cites: the answer that the page shows.

A number that names no source is dropped. Quoted words must stand on the cited page. What is not quoted must agree with
the sentences it rests on. Only words that passed are boxed: a wrong highlight is worse than none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from assistant.conversation.marks import Mark
from assistant.conversation.sources import Source
from assistant.conversation.statements import WrittenStatement, written_statements
from assistant.domain import Citation, Contradiction, Page, PageRef, Passage, Span, Statement, Support
from assistant.evidence.boxes import boxes
from assistant.evidence.contradictions import DocumentLookup, contradictions, no_document
from assistant.evidence.quotes import locate
from assistant.evidence.sentences import sentences
from assistant.evidence.support import best_extent, check
from assistant.prompts import not_in_record

PageLookup = Callable[[PageRef], Page | None]

_GENERAL = ("general knowledge", "常识", "一般知识")
_NO_SUCH_SOURCE = "cites a page that was not read"
_NO_CITATION = "names no page of the record"
_NOT_THERE = "the quoted words do not stand on the cited page"
_NOTHING_ALIKE = "the cited page holds nothing like it"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedText:
    """An answer's text with its marks renumbered, its statements with their verdicts, and the citations that hold.

    `contradictions` are the pairs of those citations that cannot both be right.
    """

    text: str
    statements: tuple[Statement, ...]
    citations: tuple[Citation, ...]
    contradictions: tuple[Contradiction, ...] = ()


def check_answer(
    written: str, sources: Sequence[Source], page_of: PageLookup, document_of: DocumentLookup = no_document
) -> CheckedText:
    """Check the whole of `written`, whose marks name `sources` by their numbers."""
    checker = _Checker(sources={source.n: source for source in sources}, page_of=page_of)
    for statement in written_statements(written):
        checker.take(written, statement)
    checked = checker.result(written)
    return replace(checked, contradictions=contradictions(checked.citations, page_of, document_of))


@dataclass(slots=True, kw_only=True)
class _Checker:
    sources: dict[int, Source]
    page_of: PageLookup
    citations: dict[Span, Citation] = field(default_factory=dict)
    statements: list[Statement] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    taken: int = 0

    def take(self, written: str, statement: WrittenStatement) -> None:
        """Check one statement and copy it, its marks renumbered, into the answer's text."""
        self.text.append(written[self.taken : statement.start])
        support, reasons, spans = self._verdict(statement)
        numbers = {n: [self._cite(span) for span in found] for n, found in spans.items()}
        start = sum(map(len, self.text))
        shown = _renumbered(written, statement, numbers)
        self.text.append(shown)
        self.taken = statement.end
        cited = dict.fromkeys(number for found in numbers.values() for number in found)
        self.statements.append(
            Statement(
                text=statement.text,
                support=support,
                citations=tuple(cited),
                reasons=reasons,
                start=start,
                end=start + len(shown),
            )
        )

    def result(self, written: str) -> CheckedText:
        """What was taken, and the rest of the text as it stands."""
        text = "".join(self.text) + written[self.taken :]
        return CheckedText(text=text, statements=tuple(self.statements), citations=tuple(self.citations.values()))

    def _verdict(self, statement: WrittenStatement) -> tuple[Support, tuple[str, ...], dict[int, tuple[Span, ...]]]:
        """Support, reasons, and for every source number the spans that hold."""
        if _says_not_in_record(statement.text):
            return Support.NOT_IN_RECORD, (), {}
        if statement.text.lower().startswith(_GENERAL):
            return Support.GENERAL, (), {}
        named = dict.fromkeys(number for mark in statement.marks for number in mark.numbers)
        if not statement.marks:
            return Support.UNSUPPORTED, (_NO_CITATION,), {}
        spans = {n: self._spans(statement, self.sources[n]) for n in named if n in self.sources}
        if len(spans) < len(named) or any(not mark.numbers for mark in statement.marks):
            return Support.UNSUPPORTED, (_NO_SUCH_SOURCE,), spans
        if missing := self._missing_quotes(statement, spans):
            return Support.UNSUPPORTED, (missing,), spans
        cited = [self._passage(span) for found in spans.values() for span in found]
        if not cited:
            return Support.UNSUPPORTED, (_NOTHING_ALIKE,), {}
        verdict = check(statement.text, cited)
        proven = verdict.support is not Support.UNSUPPORTED or statement.quotes
        return verdict.support, verdict.reasons, spans if proven else {}

    def _spans(self, statement: WrittenStatement, source: Source) -> tuple[Span, ...]:
        """Where the statement's quotations stand on the source's page; without any, the sentences it rests on."""
        quoted = [span for quote in statement.quotes for span in self._located(quote, source)]
        if quoted:
            return tuple(dict.fromkeys(quoted))
        if statement.quotes:
            return ()
        extent = best_extent(statement.text, source.passage)
        return (extent,) if extent else ()

    def _located(self, quote: str, source: Source) -> tuple[Span, ...]:
        """The place of `quote` that begins on the source's page, within the source where there are several."""
        spans = locate(quote, self._page_and_next(source.page_ref))
        starts = [i for i, span in enumerate(spans) if span.page_ref == source.page_ref]
        inside = [i for i in starts if _overlap(spans[i], source.passage.span)]
        first = next(iter(inside or starts), None)
        if first is None:
            return ()
        continued = spans[first + 1 : first + 2] if _breaks_page(spans, first, self.page_of) else ()
        return (spans[first], *continued)

    def _missing_quotes(self, statement: WrittenStatement, spans: dict[int, tuple[Span, ...]]) -> str | None:
        for quote in statement.quotes:
            if not any(self._located(quote, self.sources[n]) for n in spans):
                return _NOT_THERE
        return None

    def _page_and_next(self, ref: PageRef) -> list[Page]:
        following = PageRef(file=ref.file, page=ref.page + 1)
        return [page for page in (self.page_of(ref), self.page_of(following)) if page]

    def _passage(self, span: Span) -> Passage:
        """The words with the whole sentences that they stand in: "evidence of fracture" may follow a "no"."""
        page = self.page_of(span.page_ref)
        if page is None:
            return Passage(span=span, text="")
        touched = [e for e in sentences(page.text) if e.start < span.end and span.start < e.end]
        start = min([span.start, *(extent.start for extent in touched)])
        end = max([span.end, *(extent.end for extent in touched)])
        return Passage(span=replace(span, start=start, end=end), text=page.text[start:end])

    def _cite(self, span: Span) -> int:
        if span not in self.citations:
            page = self.page_of(span.page_ref)
            self.citations[span] = Citation(
                n=len(self.citations) + 1,
                span=span,
                quote=page.text[span.start : span.end] if page else "",
                boxes=boxes(page, span.start, span.end) if page else (),
            )
        return self.citations[span].n


def _says_not_in_record(text: str) -> bool:
    return text.strip(" .\"'").casefold() == not_in_record().strip(" .").casefold()


def _overlap(one: Span, other: Span) -> bool:
    return one.start < other.end and other.start < one.end


def _breaks_page(spans: Sequence[Span], at: int, page_of: PageLookup) -> bool:
    """Whether `spans[at]` runs to the end of its page and the next span goes on at the top of the next."""
    if at + 1 >= len(spans) or spans[at + 1].page != spans[at].page + 1:
        return False
    page = page_of(spans[at].page_ref)
    return page is not None and not page.text[spans[at].end :].strip()


def _renumbered(written: str, statement: WrittenStatement, numbers: dict[int, list[int]]) -> str:
    """The statement with each mark replaced by the marks of the citations that its numbers led to, each once."""
    text, at = "", statement.start
    shown: set[int] = set()
    for mark in statement.marks:
        between, mark_shown = written[at : mark.start], _shown_mark(mark, numbers, shown)
        text += between + mark_shown if mark_shown else between.rstrip(" ")
        at = mark.end
    return (text + written[at : statement.end]).rstrip()


def _shown_mark(mark: Mark, numbers: dict[int, list[int]], shown: set[int]) -> str:
    cited = [number for source in mark.numbers for number in numbers.get(source, []) if number not in shown]
    shown.update(cited)
    return "".join(f"[{number}]" for number in dict.fromkeys(cited))
