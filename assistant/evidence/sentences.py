"""Cut clinical text into its smallest statements: sentences of prose, rows of tables, items of lists, headings.

A page's text is made of lines as they were laid out, so a line break is sometimes the end of a statement (a table row,
a list item) and sometimes nothing (a wrapped paragraph). The rules that tell them apart look at the words only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """A stretch `text[start:end]` of some text, without white space at its ends."""

    start: int
    end: int


# A full stop after one of these ends no sentence. Lower case, without the stop.
_ABBREVIATIONS = frozenset(
    """
    dr mr mrs ms prof st sr jr vs e.g i.e eg ie etc approx ca cf no nos fig figs vol pp pt pts q.d b.i.d t.i.d q.i.d
    q.h p.r.n p.o i.v i.m s.c a.m p.m h.s a.c p.c o.d u.s max min temp resp wt ht hx dx rx tx sx fx inj tab tabs cap
    caps susp sol ext jan feb mar apr jun jul aug sep sept oct nov dec mon tue wed thu fri sat sun
    """.split()
)

# Words that prose has and a table row or a list of drugs has not.
_PROSE_WORDS = frozenset(
    """
    the a an of and or but with without was were is are be been had has have he she they it his her their this that
    which who to for from on in at by as after before because while when if no not did does do will would can could
    should may might
    """.split()
)

_BLANK_LINE = re.compile(r"\n[ \t]*\n\s*")
_LIST_ITEM = re.compile(r"(?:[-*•▪◦‣·–—]|\(?\d{1,2}[.)]|\(?[a-zA-Z][.)]|\[[ xX]?\])\s+\S")
_LABELLED = re.compile(r"[A-Z][\w /()'&.-]{0,38}:(?:\s|$)")
_MARKDOWN_HEADING = re.compile(r"#{1,6}\s")
_NUMBER = re.compile(r"\d")
_SENTENCE_END = re.compile(r"[.!?]+[\"'”’)\]]*(?=\s)|[。！？；]+[”’」』）]*")
_OPENING = "\"'“‘([*•-–—#"
_SHORT_LINE = 0.62
"""A line shorter than this share of its block's longest line ended with its statement, not with the column."""
_ROW_WORDS = 16
_HEADING_WORDS = 9


def sentences(text: str) -> tuple[Extent, ...]:
    """The statements of `text` in order; together they hold all of it but white space."""
    return tuple(extent for unit in _units(text) for extent in _sentences_of(text, unit))


def is_heading(line: str) -> bool:
    """Whether a line stands over what follows: Markdown's marks, a label alone, or a few words in capitals."""
    line = line.strip()
    if _MARKDOWN_HEADING.match(line):
        return True
    if not line or len(line.split()) > _HEADING_WORDS or "\n" in line:
        return False
    if line.endswith(":"):
        return True
    letters = [character for character in line if character.isalpha()]
    return len(letters) >= 4 and line.isupper() and not _NUMBER.search(line)


def is_row(line: str) -> bool:
    """Whether a line reads as a row of a table or an entry of a list: few words, a number, no word that prose needs."""
    words = line.split()
    if not 2 <= len(words) <= _ROW_WORDS or not _NUMBER.search(line):
        return "|" in line or "\t" in line
    return not any(word.lower().strip(".,;:()") in _PROSE_WORDS for word in words)


def _units(text: str) -> Iterator[Extent]:
    """Runs of lines that belong together, blank lines and hard line breaks between them."""
    start = 0
    for gap in _BLANK_LINE.finditer(text):
        yield from _units_of_block(text, Extent(start=start, end=gap.start()))
        start = gap.end()
    yield from _units_of_block(text, Extent(start=start, end=len(text)))


def _units_of_block(text: str, block: Extent) -> Iterator[Extent]:
    lines = _lines(text, block)
    longest = max((line.end - line.start for line in lines), default=0)
    first = 0
    for index in range(1, len(lines) + 1):
        if index == len(lines) or _breaks(text, lines[index - 1], lines[index], longest):
            yield Extent(start=lines[first].start, end=lines[index - 1].end)
            first = index


def _lines(text: str, block: Extent) -> list[Extent]:
    lines = []
    at = block.start
    for line in text[block.start : block.end].split("\n"):
        if line.strip():
            lead = len(line) - len(line.lstrip())
            lines.append(Extent(start=at + lead, end=at + len(line.rstrip())))
        at += len(line) + 1
    return lines


def _breaks(text: str, line: Extent, following: Extent, longest: int) -> bool:
    """Whether the break between two lines of a block ends a statement."""
    here, after = text[line.start : line.end], text[following.start : following.end]
    if is_heading(here) or is_heading(after) or is_row(here) or is_row(after):
        return True
    if _LIST_ITEM.match(after) or _LABELLED.match(after):
        return True
    return len(here) < _SHORT_LINE * longest and not after[0].islower()


def _sentences_of(text: str, unit: Extent) -> Iterator[Extent]:
    start = unit.start
    for stop in _SENTENCE_END.finditer(text, unit.start, unit.end):
        if stop.end() < unit.end and _ends_sentence(text, start, stop, unit.end):
            yield Extent(start=start, end=stop.end())
            start = stop.end() + _space_after(text, stop.end(), unit.end)
    if start < unit.end:
        yield Extent(start=start, end=unit.end)


def _space_after(text: str, at: int, end: int) -> int:
    return len(text[at:end]) - len(text[at:end].lstrip())


def _ends_sentence(text: str, start: int, stop: re.Match[str], end: int) -> bool:
    if stop.group()[0] in "。！？；":
        return True
    following = text[stop.end() : end].lstrip()
    if not (following[:1].isupper() or following[:1].isdigit() or following[:1] in _OPENING or _is_cjk(following[:1])):
        return False
    if stop.group()[0] in "!?":
        return True
    before = text[start : stop.start()].split()
    word = before[-1].lower().lstrip("\"'“‘([") if before else ""
    if len(before) <= 1 and (word.rstrip(")").isdigit() or len(word) == 1):  # "2. Metoprolol", "a. see above"
        return False
    return word not in _ABBREVIATIONS and not (len(word) == 1 and word.isalpha())


def _is_cjk(character: str) -> bool:
    return "\u3400" <= character <= "\u9fff"
