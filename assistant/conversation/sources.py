"""What the model is given to read, each page or passage under a number that the answer may cite.

A page is read without words addressed to a program, without the header or footer that its file has shown already, and
with a link where it repeats forty words or more of a page before it; lines that only the paper's width broke are whole.
What it may be cited for is the page as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from assistant.conversation.budget import Budget
from assistant.conversation.copied_text import ShownText
from assistant.conversation.line_breaks import joined_lines
from assistant.domain import Hit, Page, PageRef, Passage, Record, Role, Span
from assistant.prompts import fill

_FILE_NAMES_SHARE = 0.1
"""Of the prompt, before passages the names of the record's files may take so much."""
_LINK_WORDS = 6
"""Of each end of a copied text, so many words stand in the link to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A numbered page or passage: the model cites `[n]`. `abridged` is what it reads of it, if that is not all."""

    n: int
    passage: Passage
    abridged: str | None = None

    @property
    def shown(self) -> str:
        """What the model reads of it."""
        return self.passage.text if self.abridged is None else self.abridged

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

    @property
    def shown_share(self) -> float:
        """How much of the sources' text is shown, 0 to 1 or a little more."""
        characters = sum(len(source.passage.text) for source in self.sources)
        return sum(len(source.shown) for source in self.sources) / max(1, characters)


def whole_record(record: Record, pages: Iterable[Page]) -> ReadingMatter:
    """Every page with text, in record order; the number of a page never changes while the record does not."""
    sources: list[Source] = []
    earlier = _Earlier()
    for n, page in enumerate((page for page in pages if page.was_read), start=1):
        sources.append(Source(n=n, passage=_whole(page), abridged=earlier.shown(page, sources)))
    return ReadingMatter(sources=tuple(sources), prompt=fill("record", pages=_listing(record, sources)))


def found_passages(record: Record, hits: Sequence[Hit], budget: Budget) -> ReadingMatter:
    """The passages that search found, best first, and the names of the record's files as far as there is room."""
    sources = tuple(Source(n=n, passage=hit.passage) for n, hit in enumerate(hits, start=1))
    prompt = fill(
        "passages",
        pages_total=str(record.pages_total),
        files=_file_names(record, {source.page_ref.file for source in sources}, budget),
        passages=_listing(record, sources),
    )
    return ReadingMatter(sources=sources, prompt=prompt)


def _file_names(record: Record, found: set[str], budget: Budget) -> str:
    """The names of all files; where they would fill a small window, of those that passages were `found` in."""
    names = [file.name for file in record.files]
    if budget.count_tokens(", ".join(names)) > budget.prompt_tokens * _FILE_NAMES_SHARE:
        shown = [name for name in names if name in found]
        names = [*shown, *([f"and {len(names) - len(shown)} more"] if len(shown) < len(names) else [])]
    return ", ".join(names)


@dataclass(frozen=True, slots=True, kw_only=True)
class _LeftOut:
    """`text[start:end]` of a page is not shown, `instead` is."""

    start: int
    end: int
    instead: str


class _Earlier:
    """What the pages so far have shown, so that the next one need not show it again."""

    def __init__(self) -> None:
        self._text = ShownText()
        self._furniture: set[tuple[str, str]] = set()

    def shown(self, page: Page, sources: Sequence[Source]) -> str:
        """The page without what `sources`, those before it, have shown, and without what no model is to read."""
        left_out = [*self._set_apart(page), *self._copied(page, sources)]
        pieces, at = [], 0
        for gap in sorted(left_out, key=lambda gap: gap.start):
            if gap.start >= at:
                pieces += [page.text[at : gap.start], gap.instead]
                at = gap.end
        return "".join([*pieces, page.text[at:]])

    def _set_apart(self, page: Page) -> Iterator[_LeftOut]:
        for region in page.regions:
            furniture = (page.file, " ".join(page.text[region.start : region.end].split()))
            if region.role is Role.INSTRUCTION:
                note = fill("instruction_left_out").strip()
                yield _LeftOut(start=region.start, end=region.end, instead=note)
            elif furniture in self._furniture:
                yield _LeftOut(start=region.start, end=region.end, instead="")
            self._furniture.add(furniture)

    def _copied(self, page: Page, sources: Sequence[Source]) -> Iterator[_LeftOut]:
        for start, end in _read_stretches(page):
            for copy in self._text.copies(len(sources), page.text[start:end]):
                if copy.earlier == len(sources):  # the page repeats itself; nothing to link to but itself
                    continue
                words = page.text[start + copy.start : start + copy.end].split()
                link = _link(sources[copy.earlier], words)
                yield _LeftOut(start=start + copy.start, end=start + copy.end, instead=link)


def _link(source: Source, words: Sequence[str]) -> str:
    """A note in the place of words that `source` has already."""
    return fill(
        "copied_text",
        n=str(source.n),
        file=source.page_ref.file,
        page=str(source.page_ref.page),
        first_words=" ".join(words[:_LINK_WORDS]),
        last_words=" ".join(words[-_LINK_WORDS:]),
    ).strip()


def _read_stretches(page: Page) -> Iterator[tuple[int, int]]:
    """The page's text without its regions."""
    start = 0
    for region in page.regions:
        yield start, region.start
        start = region.end
    yield start, len(page.text)


def _whole(page: Page) -> Passage:
    return Passage(span=Span(file=page.file, page=page.number, start=0, end=len(page.text)), text=page.text)


def _listing(record: Record, sources: Sequence[Source]) -> str:
    page_counts = {file.name: file.page_count for file in record.files}
    return "\n\n".join(_listed(source, page_counts) for source in sources)


def _listed(source: Source, page_counts: dict[str, int]) -> str:
    span = source.passage.span
    of = f" of {page_counts[span.file]}" if span.file in page_counts else ""
    return f"[{source.n}] {span.file}, page {span.page}{of}\n{joined_lines(source.shown.strip())}"
