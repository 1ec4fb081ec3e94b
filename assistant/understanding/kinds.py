"""Say of what kind a document is: by its title, else by the phrases that only documents of one kind use."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from assistant.domain import DocumentKind
from assistant.understanding.kind_words import HEADING_WORDS, PHRASES, TITLES
from assistant.understanding.lines import TextLine

# In small letters, as the lines are compared: patterns that ignore case take five times as long.
_FORMS = {kind: "|".join(patterns.strip().splitlines()) for kind, patterns in TITLES.items()}
_TITLE_PATTERNS = tuple((kind, re.compile(rf"\b(?:{forms})")) for kind, forms in _FORMS.items())
_ANY_TITLE = re.compile(rf"\b(?:{'|'.join(_FORMS.values())})")
# Chinese has no word boundaries.
_HAN = re.compile("[\u4e00-\u9fff]")
_HAN_TITLE_PATTERNS = tuple((kind, re.compile(forms)) for kind, forms in _FORMS.items())
_CUES = tuple(
    (kind, phrase, int(points))
    for kind, phrases in PHRASES.items()
    for phrase, points in (entry.rsplit("=", 1) for entry in phrases.split("|"))
    if points != "0"
)
_LONGEST_TITLE = 90
_TITLE_LINES = 16
# A letterhead, an address, a sentence: what has these is no title even where it uses its words.
_NO_TITLE = re.compile(
    r"\b(?:tel|telephone|phone|fax|switchboard|www|@|block|road|street|lane|avenue|reporting room|enquiries|dear"
    r"|copy to|cc"
    r"|department of|please|you|your|was|were|has|had|is|are|will|requested|see|attached|enclosed|previous|next"
    r"|awaiting|since"
    r"|for \w+ (?:clinic|follow))\b|[:：]\s*\S+.*[:：]|[.。]$|^(?:[•*]|\d+[.)])|·.*·",
    re.IGNORECASE,
)
# "Exam: CT HEAD W/O": what was done is the title where there is no other.
_EXAMINED = re.compile(r"\b(?:exam(?:ination)?|study|scan|test)[ ]?[:：][ ]*([^:：]+?)(?=\s{2,}|\t|$)", re.IGNORECASE)
_LABEL_BEFORE = re.compile(r"^[^:：]{2,30}[:：]\s*\S")
_TITLE_POINTS = 10.0
# A title with as many points as this is not weighed against the rest of its page.
SURE_POINTS = 7.0
_ENOUGH_POINTS = 4.0
_STAY_POINTS = 4.0
_SALUTATION = re.compile(r"^\W{0,3}Dear\b[^\n]{2,40}$", re.MULTILINE)
_SALUTATION_POINTS = 3
# Value, flag, and the range of the healthy: "11.8 H 3.8-10.8".
_RESULT_ROW = re.compile(
    r"\d[ \t]+(?:[HL*↑↓]+[ \t]+)?[^\s\d]{0,10}[ \t]*\(?[<>]?\d[\d,]*(?:\.\d+)?[ ]?[-–]["
    r" ]?\d[\d,]*(?:\.\d+)?(?![\d/–-])"
)
_HEADING_LINES, _HEADING_CHARACTERS = 3, 300
_HEADING_WORDS = tuple(
    (kind, re.compile(rf"(?:\b|(?<=[\u4e00-\u9fff]))(?:{words})(?:\b|(?=[\u4e00-\u9fff]))"))
    for kind, words in HEADING_WORDS.items()
)
_HEADING_POINTS = 3
# A medicine with its dose at the beginning of a line.
_DOSE_ROW = re.compile(
    r"^\W*[A-Za-z][\w/ -]{3,40}?[ \t]\d[\d.,]*[ ]?(?:mg|mcg|µg|micrograms?|g|units?)\b", re.MULTILINE
)
_DOSE_ROWS, _DOSE_ROWS_POINTS = 3, 2
_RESULT_ROWS, _RESULT_ROWS_POINTS = 2, 4
_CUE_CHARACTERS = 2_500


@dataclass(frozen=True, slots=True, kw_only=True)
class Title:
    """A line of the head of a page that names a kind of document."""

    kind: DocumentKind
    line: TextLine
    points: float


def cues(text: str) -> tuple[tuple[DocumentKind, int], ...]:
    """How many points the phrases of each kind make on a page; a phrase counts once."""
    lowered = " ".join(text[:_CUE_CHARACTERS].lower().split())
    points: dict[DocumentKind, int] = {}
    first_lines = "\n".join(text[:_HEADING_CHARACTERS].lower().split("\n", _HEADING_LINES)[:_HEADING_LINES])
    for kind, words in _HEADING_WORDS:
        if words.search(first_lines):
            points[kind] = _HEADING_POINTS
    if _SALUTATION.search(text[:_CUE_CHARACTERS]):
        points[DocumentKind.CLINIC_LETTER] = points.get(DocumentKind.CLINIC_LETTER, 0) + _SALUTATION_POINTS
    if len(_RESULT_ROW.findall(text[:_CUE_CHARACTERS])) >= _RESULT_ROWS:
        points[DocumentKind.LABORATORY] = points.get(DocumentKind.LABORATORY, 0) + _RESULT_ROWS_POINTS
    if len(_DOSE_ROW.findall(text[:_CUE_CHARACTERS])) >= _DOSE_ROWS:
        points[DocumentKind.MEDICATION_LIST] = points.get(DocumentKind.MEDICATION_LIST, 0) + _DOSE_ROWS_POINTS
    for kind, phrase, worth in _CUES:
        if phrase in lowered:
            points[kind] = points.get(kind, 0) + worth
    return tuple(points.items())


def title_of(head: Sequence[TextLine]) -> Title | None:
    """The title among the first lines of a page: the surest, and of those the first."""
    best: Title | None = None
    for place, line in enumerate(head[:_TITLE_LINES]):
        text = line.text.strip()
        examined = _EXAMINED.search(text)
        text = examined[1] if examined else text
        kind = _kind_named(text)
        if kind is None or _NO_TITLE.search(text):
            continue
        points = _TITLE_POINTS - 0.25 * place - (2 if examined else 0)
        points -= (4 if _LABEL_BEFORE.match(text) else 0) + (2 if _is_sentence(text) else 0)
        if best is None or points > best.points:
            best = Title(kind=kind, line=line, points=points)
    return best


def kind_of(
    title: Title | None, pages: Iterable[tuple[tuple[DocumentKind, int], ...]], *, tells_of_stay: bool = False
) -> DocumentKind:
    """The kind of a document from its title and the cues of its pages, the first page for most.

    `tells_of_stay`: it states both when a patient was admitted and when discharged.
    """
    points: dict[DocumentKind, float] = {DocumentKind.DISCHARGE_SUMMARY: _STAY_POINTS} if tells_of_stay else {}
    for place, page in enumerate(pages):
        for kind, worth in page:
            points[kind] = points.get(kind, 0.0) + worth / (1 + 2 * place)
    if title:
        points[title.kind] = points.get(title.kind, 0.0) + title.points
    best = max(points, key=lambda kind: points[kind], default=DocumentKind.OTHER)
    return best if points.get(best, 0.0) >= _ENOUGH_POINTS else DocumentKind.OTHER


def _kind_named(text: str) -> DocumentKind | None:
    if len(text) > _LONGEST_TITLE:
        return None
    text = text.lower()
    if _HAN.search(text):
        return next((kind for kind, pattern in _HAN_TITLE_PATTERNS if pattern.search(text)), None)
    if not _ANY_TITLE.search(text):
        return None
    return next((kind for kind, pattern in _TITLE_PATTERNS if pattern.search(text)), None)


def _is_sentence(text: str) -> bool:
    words = text.split()
    return len(words) > 8 and sum(word[0].islower() for word in words) > len(words) / 2
