"""Find where a quote stands in the record, word for word.

Only three things may differ, because layout and typing change them and no meaning hangs on them: white space, a hyphen
that the end of a line put into a word, and the shape of quotation marks, which are single inside a quote. Capitals,
digits and full stops must be the same, and a quote begins and ends with whole words: "5 mg" is not in "2.5 mg".
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise

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
# Inside a quote, the record's own double quotation marks are written as single ones. Never after a digit: 5'10".
_NESTED = re.compile(r"(?<![\w'])'([^'\"\n]{1,400})'(?!\w)")
_NUMBER_JOINS = ".,"
_MARGIN_LINES = 4
"""A footer or a header has at most so many lines."""
_MARGIN_CHARACTERS = 500


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """A stretch of a page: `text` starts at `start` of it. `follows`: the piece before runs on into this one."""

    file: str
    page: int
    start: int
    text: str
    follows: bool


class _Joined:
    """Pieces as one comparable text."""

    def __init__(self, pieces: Sequence[_Piece]) -> None:
        self._pieces = pieces
        self._starts: list[int] = []
        texts: list[str] = []
        length = 0
        for piece in pieces:
            if texts:
                texts.append("\n" if piece.follows else _PAGES_APART)
                length += len(texts[-1])
            self._starts.append(length)
            texts.append(piece.text)
            length += len(piece.text)
        self._plain = _plain("".join(texts))

    def places(self, sought: _Plain) -> Iterator[tuple[Span, ...]]:
        """Each place where `sought` stands: its spans, a page each."""
        text, length = self._plain.text, len(sought.text)
        first = text.find(sought.text) if length else -1
        while first >= 0:
            is_found = self._stands_at(first, sought)
            if is_found:
                yield tuple(self._spans(self._plain.origin(first), self._plain.origin(first + length - 1) + 1))
            first = text.find(sought.text, first + (length if is_found else 1))

    def _stands_at(self, first: int, sought: _Plain) -> bool:
        last = first + len(sought.text)
        hyphens = self._plain.joints(first, last), sought.joints(0, len(sought.text))
        return _is_whole(self._plain.text, first, last) and _same_hyphens(*hyphens)

    def _spans(self, start: int, end: int) -> Iterator[Span]:
        """The parts of the joined text [start, end) that stand on one page each and are more than white space."""
        number = bisect_right(self._starts, start) - 1
        while number < len(self._starts) and self._starts[number] < end:
            piece, origin = self._pieces[number], self._starts[number]
            part = piece.text[max(start - origin, 0) : end - origin]
            at = piece.start + max(start - origin, 0) + len(part) - len(part.lstrip())
            if part.strip():
                yield Span(file=piece.file, page=piece.page, start=at, end=at + len(part.strip()))
            number += 1


class QuoteFinder:
    """Pages made ready once, so that many quotes are found fast."""

    def __init__(self, pages: Iterable[Page]) -> None:
        self._pieces = tuple(_pieces(pages))
        self._joined = _Joined(self._pieces)

    def locate(self, quote: str) -> tuple[Span, ...]:
        """All places where `quote` stands, in record order; a place that runs over a page's edge is one span a page."""
        places = self._places(quote)
        if not places and (unnested := _NESTED.sub(r'"\1"', quote.translate(_SHAPES))) != quote:
            places = self._places(unnested)
        return tuple(span for place in places for span in place)

    def _places(self, quote: str) -> list[tuple[Span, ...]]:
        sought = _plain(quote.strip())
        return list(self._joined.places(sought)) or list(self._around_margins(quote, sought))

    def _around_margins(self, quote: str, sought: _Plain) -> Iterator[tuple[Span, ...]]:
        """Places that run over a page's edge around its footer and the next page's header."""
        words = quote.split()
        for before, after in pairwise(self._pieces):
            tail, head = (
                before.text[-_MARGIN_CHARACTERS - 2 * len(quote) :],
                after.text[: _MARGIN_CHARACTERS + 2 * len(quote)],
            )
            if after.follows and len(words) > 1 and words[0] in tail and words[-1] in head:
                yield from _over_edge(before, after, len(quote), sought)


def _over_edge(before: _Piece, after: _Piece, length: int, sought: _Plain) -> Iterator[tuple[Span, ...]]:
    """The place over the edge between two pages, with the fewest lines taken for footer and header."""
    for end in _line_ends(before.text):
        for start in _line_starts(after.text):
            first = max(0, end - 2 * length)
            foot = replace(before, start=first, text=before.text[first:end])
            top = replace(after, start=start, text=after.text[start : start + 2 * length])
            places = [place for place in _Joined((foot, top)).places(sought) if len(place) > 1]
            if places:
                yield places[-1]
                return


def _line_ends(text: str) -> list[int]:
    """Where the last lines of a page end, the last first."""
    return [match.end() for match in re.finditer(r"\S[^\S\n]*(?=\n|\Z)", text)][: -_MARGIN_LINES - 2 : -1]


def _line_starts(text: str) -> list[int]:
    """Where the first lines of a page start."""
    return [match.start() for match in islice(re.finditer(r"(?m)^[^\S\n]*\S", text), _MARGIN_LINES + 1)]


def _pieces(pages: Iterable[Page]) -> Iterator[_Piece]:
    before = None
    for page in pages:
        follows = before is not None and _follows(before, page)
        yield _Piece(file=page.file, page=page.number, start=0, text=page.text, follows=follows)
        before = page


def locate(quote: str, pages: Iterable[Page]) -> tuple[Span, ...]:
    """All places where `quote` stands in `pages`; to look for several quotes, make a `QuoteFinder` once."""
    return QuoteFinder(pages).locate(quote)


def quotable(text: str) -> str:
    """`text` as a quotation of it is written: one space for any white space, plain marks, words mended at line ends.

    Whatever stands in it, whole words at both ends, is found by `locate`.
    """
    plain = text.translate(_SHAPES)
    return _LOOSE.sub(lambda match: _written(match, plain), plain)


def _written(match: re.Match[str], text: str) -> str:
    if match.lastgroup == "hyphen":
        return "-"
    if match.lastgroup == "wrap" and _hyphenated_elsewhere(text, match):
        return "-"
    return _REPLACEMENTS[match.lastgroup or ""]


def _hyphenated_elsewhere(text: str, wrap: re.Match[str]) -> bool:
    """Whether the word that the line's end cuts stands in the text with a hyphen of its own."""
    before = re.search(rf"{_LETTER}+\Z", text[max(0, wrap.start() - 40) : wrap.start()])
    after = re.compile(rf"{_LETTER}+").match(text, wrap.end())
    return before is not None and after is not None and f"{before.group()}-{after.group()}" in text


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
    cuts_number = any(_cuts_number(text, at) for at in (first, first + 1, last))
    return not (cuts_number or _runs_on(before, text[first]) or _runs_on(after, text[last - 1]))


def _cuts_number(text: str, at: int) -> bool:
    """Whether `at` stands right after the point of a number: "5." of "5.9" is no end of a sentence, ".9" no word."""
    return at >= 2 and text[at - 1] in _NUMBER_JOINS and text[at - 2].isdigit() and text[at : at + 1].isdigit()


def _runs_on(outside: str, edge: str) -> bool:
    """Whether the word or number that ends in `edge` goes on in `outside`, which is read away from it."""
    if not outside or not edge.isalnum() or is_cjk(edge):
        return False
    if outside[0].isalnum():
        return not is_cjk(outside[0])
    return edge.isdigit() and outside[0] in _NUMBER_JOINS and outside[1:2].isdigit()


def is_cjk(character: str) -> bool:
    """Whether the character is Chinese, where words stand side by side without a gap."""
    return "\u3400" <= character <= "\u9fff" or "\uf900" <= character <= "\ufaff"
