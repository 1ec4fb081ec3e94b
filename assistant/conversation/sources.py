"""What the model is given to read, each page or passage under a number that the answer may cite."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from assistant.domain import Hit, Page, PageRef, Passage, Record, Span
from assistant.prompts import fill


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A numbered page or passage: the model cites `[n]`."""

    n: int
    passage: Passage

    @property
    def page_ref(self) -> PageRef:
        """The page that the source stands on."""
        return self.passage.span.page_ref


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingMatter:
    """The sources of one question and the prompt text that holds them."""

    sources: tuple[Source, ...]
    prompt: str

    @property
    def pages(self) -> tuple[PageRef, ...]:
        """The pages that the sources stand on, each once, in order."""
        return tuple(dict.fromkeys(source.page_ref for source in self.sources))


def whole_record(record: Record, pages: Iterable[Page]) -> ReadingMatter:
    """Every page with text, in record order; the number of a page never changes while the record does not."""
    sources = tuple(Source(n=n, passage=_whole(page)) for n, page in enumerate(_read(pages), start=1))
    return ReadingMatter(sources=sources, prompt=fill("record", pages=_listing(record, sources)))


def found_passages(record: Record, hits: Sequence[Hit]) -> ReadingMatter:
    """The passages that search found, best first."""
    sources = tuple(Source(n=n, passage=hit.passage) for n, hit in enumerate(hits, start=1))
    prompt = fill(
        "passages",
        pages_total=str(record.pages_total),
        files=", ".join(file.name for file in record.files),
        passages=_listing(record, sources),
    )
    return ReadingMatter(sources=sources, prompt=prompt)


def _read(pages: Iterable[Page]) -> Iterator[Page]:
    return (page for page in pages if page.was_read)


def _whole(page: Page) -> Passage:
    return Passage(span=Span(file=page.file, page=page.number, start=0, end=len(page.text)), text=page.text)


def _listing(record: Record, sources: Sequence[Source]) -> str:
    page_counts = {file.name: file.page_count for file in record.files}
    return "\n\n".join(_listed(source, page_counts) for source in sources)


def _listed(source: Source, page_counts: dict[str, int]) -> str:
    span = source.passage.span
    of = f" of {page_counts[span.file]}" if span.file in page_counts else ""
    return f"[{source.n}] {span.file}, page {span.page}{of}\n{source.passage.text.strip()}"
