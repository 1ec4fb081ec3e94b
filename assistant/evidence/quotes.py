"""Find where a quote stands in the record, word for word.

Only three things may differ, because layout and typing change them and no meaning hangs on them: white space, a hyphen
that the end of a line put into a word, and the shape of quotation marks. Capitals, digits and full stops must be the
same, and a quote begins and ends with whole words: "5 mg" does not stand in "2.5 mg".
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from assistant.domain import Page, Span

_SHAPES = str.maketrans(
    {**dict.fromkeys("“”„‟«»″", '"'), **dict.fromkeys("‘’‚‛‹›′`´", "'"), **dict.fromkeys("‐‑", "-")}
)
_LETTER = r"[^\W\d_]"
_CJK = r"\u3000-\u303f\u3400-\u9fff\uf900-\ufaff\uff00-\uffef"
_LOOSE = re.compile(
    rf"(?P<wrap>(?<={_LETTER})-[ \t]*\n\s*(?={_LETTER}))"  # hyper-/tension: the hyphen may be the line's or the word's
    rf"|(?P<hyphen>(?<={_LETTER})-(?={_LETTER}))"
    r"|(?P<wrapped_hyphen>(?<=\w)-[ \t]*\n\s*(?=\w))"  # COVID-/19: a hyphen beside a digit is always the word's
    rf"|(?P<nothing>\u00ad(?:[ \t]*\n\s*)?|[\u200b-\u200d\u2060\ufeff]+|(?<=[{_CJK}])\s+(?=[{_CJK}]))"
    r"|(?P<space>[^\S ]\s*| \s+)"
)
_REPLACEMENTS = {"wrap": "", "hyphen": "", "wrapped_hyphen": "-", "nothing": "", "space": " "}
_PAGES_APART = "\n\x00\n"
"""Stands between pages that do not follow each other, so that no quote runs over it."""
_NUMBER_JOINS = ".,"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plain:
    """Text in the form in which it is compared, and the way back.

    Piece i of `text` starts at `pieces[i]` and was taken from `origins[i]` on, character for character. A hyphen
    between letters is left out; `hyphens` holds the index of the character after it, `wraps` the same at a line's end.
    """

    text: str
    pieces: Sequence[int]
    origins: Sequence[int]
    hyphens: Sequence[int]
    wraps: Sequence[int]

    def origin(self, index: int) -> int:
        """Where the character `text[index]` was taken from."""
        piece = bisect_right(self.pieces, index) - 1
        return self.origins[piece] + index - self.pieces[piece]

    def joints(self, first: int, last: int) -> tuple[set[int], set[int]]:
        """`hyphens` and `wraps` inside `text[first:last]`, counted from `first`."""
        return _within(self.hyphens, first, last), _within(self.wraps, first, last)


class QuoteFinder:
    """Pages made ready once, so that many quotes are found fast."""

    def __init__(self, pages: Iterable[Page]) -> None:
        self._addresses: list[tuple[str, int]] = []
        self._starts: list[int] = []
        self._ends: list[int] = []
        texts: list[str] = []
        length, before = 0, None
        for page in pages:
            if before is not None:
                texts.append("\n" if _follows(before, page) else _PAGES_APART)
                length += len(texts[-1])
            self._addresses.append((page.file, page.number))
            self._starts.append(length)
            texts.append(page.text)
            length += len(page.text)
            self._ends.append(length)
            before = page
        self._raw = "".join(texts)
        self._plain = _plain(self._raw)

    def locate(self, quote: str) -> tuple[Span, ...]:
        """All places where `quote` stands, in record order; a place that runs over a page's edge is one span a page."""
        sought = _plain(quote.strip())
        return tuple(
            span for first in self._occurrences(sought) for span in self._spans(first, first + len(sought.text))
        )

    def _occurrences(self, sought: _Plain) -> Iterator[int]:
        text, length = self._plain.text, len(sought.text)
        first = text.find(sought.text) if length else -1
        while first >= 0:
            if _is_whole(text, first, first + length) and _same_hyphens(
                self._plain.joints(first, first + length), sought.joints(0, length)
            ):
                yield first
                first = text.find(sought.text, first + length)
            else:
                first = text.find(sought.text, first + 1)

    def _spans(self, first: int, last: int) -> Iterator[Span]:
        start, end = self._plain.origin(first), self._plain.origin(last - 1) + 1
        page = bisect_right(self._starts, start) - 1
        while page < len(self._starts) and self._starts[page] < end:
            yield from self._span_on(page, start, end)
            page += 1

    def _span_on(self, page: int, start: int, end: int) -> Iterator[Span]:
        """The part of the record's text [start, end) that stands on a page, if it is more than white space."""
        from_, to = max(start, self._starts[page]), min(end, self._ends[page])
        words = self._raw[from_:to]
        if words.strip():
            at = from_ - self._starts[page] + len(words) - len(words.lstrip())
            file, number = self._addresses[page]
            yield Span(file=file, page=number, start=at, end=at + len(words.strip()))


def locate(quote: str, pages: Iterable[Page]) -> tuple[Span, ...]:
    """All places where `quote` stands in `pages`; to look for several quotes, make a `QuoteFinder` once."""
    return QuoteFinder(pages).locate(quote)


def _follows(before: Page, page: Page) -> bool:
    return (
        (before.file, before.part, before.number + 1) == (page.file, page.part, page.number)
        and before.was_read
        and page.was_read
    )


def _plain(raw: str) -> _Plain:
    raw = raw.translate(_SHAPES)
    texts: list[str] = []
    pieces, origins = [0], [0]
    hyphens: list[int] = []
    wraps: list[int] = []
    at = length = 0
    for match in _LOOSE.finditer(raw):
        replacement = _REPLACEMENTS[match.lastgroup or ""]
        texts += (raw[at : match.start()], replacement)
        length += match.start() - at + len(replacement)
        at = match.end()
        pieces.append(length)
        origins.append(at)
        if match.lastgroup in ("hyphen", "wrap"):
            (hyphens if match.lastgroup == "hyphen" else wraps).append(length)
    texts.append(raw[at:])
    return _Plain(text="".join(texts), pieces=pieces, origins=origins, hyphens=hyphens, wraps=wraps)


def _within(positions: Sequence[int], first: int, last: int) -> set[int]:
    return {position - first for position in positions[bisect_right(positions, first) : bisect_left(positions, last)]}


def _same_hyphens(found: tuple[set[int], set[int]], sought: tuple[set[int], set[int]]) -> bool:
    """Whether each hyphen of one side is on the other too, or may be: at a line's end it is either's."""
    (found_hyphens, found_wraps), (sought_hyphens, sought_wraps) = found, sought
    return found_hyphens <= sought_hyphens | sought_wraps and sought_hyphens <= found_hyphens | found_wraps


def _is_whole(text: str, first: int, last: int) -> bool:
    """Whether no word and no number runs on over the ends of `text[first:last]`."""
    before, after = text[max(0, first - 2) : first][::-1], text[last : last + 2]
    return not (_runs_on(before, text[first]) or _runs_on(after, text[last - 1]))


def _runs_on(outside: str, edge: str) -> bool:
    """Whether the word or number that ends in `edge` goes on in `outside`, which is read away from it."""
    if not outside or not edge.isalnum() or _is_cjk(edge):
        return False
    if outside[0].isalnum():
        return not _is_cjk(outside[0])
    return edge.isdigit() and outside[0] in _NUMBER_JOINS and outside[1:2].isdigit()


def _is_cjk(character: str) -> bool:
    return "\u3400" <= character <= "\u9fff" or "\uf900" <= character <= "\ufaff"
