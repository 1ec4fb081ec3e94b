"""The sentences and rows of the passages that may answer, each with what stands around it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from assistant.evidence.sentences import is_heading, is_row, sentences
from assistant.evidence.terms import Term, content_terms


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberedPassage:
    """A passage under the number by which an answer cites it; `file` is the name of the file it stands in, if known."""

    n: int
    text: str
    file: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One sentence or row, with the keys of its own terms and of what stands around it.

    `text` runs on into a next sentence that says "this shows ...". `heading` holds the keys of the headings above it,
    `beside` those of the sentences before and after, `passage` those of its whole passage, `document` those of its
    file's name. `rank` is the passage's place in the search, from 0; `place` the sentence's in the passage.
    """

    n: int
    rank: int
    place: int
    text: str
    headed: str
    terms: tuple[Term, ...]
    own: frozenset[str]
    heading: frozenset[str]
    beside: frozenset[str]
    passage: frozenset[str]
    document: frozenset[str]
    is_heading: bool


_HEADINGS_ABOVE = 2
_SHORTEST_HEADING = 6
_ROW_WORDS = 16
_COLUMNS = 2
_COLUMN_WORDS = """
    test result results reference range unit units date medicine drug dose directions frequency status note comment
    outcome medication strength route started stopped value normal analyte examination indication how often for when why
"""
_COLUMN_NAMES = frozenset(_COLUMN_WORDS.split())
_ROW_LINES = 3
_ROW_SHARE = 0.6
_POINTS_BACK = re.compile(r"(?:This|These|Those|It)\b")
# "2024-05-12_discharge-summary.pdf" is read as a date and words.
_NAME_BREAKS = re.compile(r"_|\.\w{2,5}$|-(?!\d)")
_PAGE_COUNT = re.compile(r"\bpage \d+ (?:of|/) \d+\b", re.IGNORECASE)
_SPACES = re.compile(r"\s+")


def candidates(passages: Sequence[NumberedPassage]) -> tuple[Candidate, ...]:
    """All sentences and rows, each once: passages overlap, and records repeat themselves."""
    seen: set[str] = set()
    found: list[Candidate] = []
    for rank, passage in enumerate(passages):
        for candidate in _of_passage(passage, rank):
            key = " ".join(candidate.headed.split()).casefold()
            if key not in seen:
                seen.add(key)
                found.append(candidate)
    return tuple(found)


def keys(found: Sequence[Term]) -> frozenset[str]:
    """The keys by which terms are compared, those of a synonym's single words among them."""
    return frozenset(key for term in found for key in (term.key, *term.parts))


def _of_passage(passage: NumberedPassage, rank: int) -> Iterator[Candidate]:
    texts = _units(passage.text)
    terms = [content_terms(text) for text in texts]
    own = [keys(found) for found in terms]
    whole = frozenset().union(*own)
    document = keys(content_terms(_NAME_BREAKS.sub(" ", passage.file)))
    above: list[int] = []
    header: int | None = None
    for place, text in enumerate(texts):
        if _PAGE_COUNT.search(text):  # a header or footer of the page: it answers nothing
            continue
        header = _header(texts, place, header)
        heads = above[-_HEADINGS_ABOVE:] + ([header] if header is not None else [])
        yield Candidate(
            n=passage.n,
            rank=rank,
            place=place,
            text=_with_what_follows(texts, place),
            headed=": ".join([*(texts[at].rstrip(":") for at in above[-1:]), text]),
            terms=terms[place],
            own=own[place],
            heading=frozenset().union(*(own[at] for at in heads if at != place)),
            beside=frozenset().union(*own[max(0, place - 1) : place + 2]),
            passage=whole,
            document=document,
            is_heading=_heads(text) or header == place,
        )
        if _heads(text):
            above = [*above, place] if above and above[-1] == place - 1 else [place]


def _heads(text: str) -> bool:
    """Whether the line stands over what follows; a heading in capitals may hold a date or a number."""
    return is_heading(text) or (text.isupper() and len(text) > _SHORTEST_HEADING and not is_row(text))


def _header(texts: Sequence[str], place: int, header: int | None) -> int | None:
    """The place of the row that names the columns of the table that `place` stands in, if it stands in one."""
    words = {word.strip(":.,()").casefold() for word in texts[place].split()}
    if len(words & _COLUMN_NAMES) >= _COLUMNS and not texts[place].endswith("."):
        return place
    is_prose = texts[place].endswith((".", "!", "?")) and len(words) > _ROW_WORDS
    return None if is_prose or _heads(texts[place]) else header


def _with_what_follows(texts: Sequence[str], place: int) -> str:
    """The sentence, with the next one if that only speaks of "this" or "these": a reader needs both."""
    follows = place + 1 < len(texts) and _POINTS_BACK.match(texts[place + 1]) and texts[place][-1:] in ".!?"
    return f"{texts[place]} {texts[place + 1]}" if follows else texts[place]


@lru_cache(maxsize=4_096)
def _units(text: str) -> tuple[str, ...]:
    """The statements of the text; a line that breaks off before a lower-case letter goes on in the next."""
    units: list[str] = []
    for line in (line for extent in sentences(text) for line in _rows(text[extent.start : extent.end])):
        unit = _SPACES.sub(" ", line)
        if units and unit[0].islower() and units[-1][-1].isalnum() and not _heads(units[-1]) and not is_row(units[-1]):
            units[-1] = f"{units[-1]} {unit}"
        else:
            units.append(unit)
    return tuple(units)


def _rows(statement: str) -> list[str]:
    """The statement, or its lines where most begin anew with a capital or a number: wrapped prose does not."""
    lines = [line.strip() for line in statement.split("\n") if line.strip()]
    anew = sum(not line[0].islower() for line in lines)
    return lines if len(lines) >= _ROW_LINES and anew >= _ROW_SHARE * len(lines) else [statement]
