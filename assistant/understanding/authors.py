"""Find who wrote a document: the name after "signed by", "dictated by", "reported by", or below the closing words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assistant.understanding.author_words import ENDS, LABELS, NOT_A_PERSON, TRADES
from assistant.understanding.lines import TextLine

_TITLE = (
    r"(?:(?:Dr|Mr|Mrs|Ms|Miss|Mx|Prof|Professor|Sister|Sr|S/N|Staff Nurse|Nurse|Matron|Herr|Frau|PD|Dra|med)\b\.?[ ])"
)
_PART = r"[^\W\d_a-z](?:[^\W\d_]|['’-](?=[^\W\d_])){0,40}\.?"
_PERSON = re.compile(rf"({_TITLE}{{0,4}}{_PART}(?:,?[ ]{_PART}|[ ](?:de|da|van|von|der|den|del|la|bin|al)\b){{0,4}})")
_HAN_PERSON = re.compile(r"([\u4e00-\u9fff]{2,4})(?=[\s，,;；。/（(]|$)")
_TRADE = re.compile(rf"[\s,]+(?:{'|'.join((TRADES + ENDS).strip().splitlines())})\b.*$")
_NOT_A_PERSON = re.compile(rf"\b(?:{'|'.join(NOT_A_PERSON.strip().splitlines())})\b", re.IGNORECASE)
_LABELS = tuple(
    (
        points,
        re.compile(rf"\b(?:{'|'.join(words.strip().splitlines())})(?:[ ]?\([^()\n]{{1,40}}\))?[ \t]*[:：.]?[ \t_]*"),
    )
    for points, words in LABELS.items()
)
_ANY_LABEL = re.compile(rf"\b(?:{'|'.join(words.strip().replace(chr(10), '|') for words in LABELS.values())})")
_SIGNED_BELOW = re.compile(
    r"(?:electronically|digitally)?[ ]?(?:checked and )?signed(?: electronically)?(?: by)?[:.]?\s*$", re.IGNORECASE
)
_CLOSING = re.compile(
    r"^\W*(?:yours (?:sincerely|faithfully|truly)|(?:with )?(?:kind(?:est)?|best|warm|all good|my best) (?:regards"
    r"|wishes)"
    r"|sincerely|regards|all the best"
    r"|respectfully"
    r"|with (?:many )?thanks|mit freundlichen|hochachtungsvoll|cordialement|atentamente)\b",
    re.IGNORECASE,
)
_ANOTHERS = re.compile(
    r"\b(?:patient|parent|guardian|witness|interpreter|relative|copy|cc|copies|order(?:ing|ed)|referring"
    r"|request(?:ing|ed)|primary care)\b",
    re.IGNORECASE,
)
# Trades follow a comma, also in small letters; degrees follow without.
_DEGREE = re.compile(
    rf"[ ]?,[ ]?(?:{'|'.join(TRADES.strip().splitlines())})\b|,[ ](?:[a-z]+[ ]){{0,3}}[a-z]+(?:ist|ian|er|or|ife"
    rf"|nurse|eon)\W*$"
    r"|[ ]+(?:M\.?D|D\.?O|R\.?N|N\.?P|MBBS|MBChB|FACC|FRC\w*|MRC\w*|PhD|PharmD|APRN|LPN|ST\d|FY\d|GP)\b"
)
_STANDS_FOR = re.compile(r"[ \t_•-]*(?:p\.?p\.?[ ])?")
_TRADE_LINE = re.compile(rf"^\W*(?:{'|'.join(TRADES.strip().splitlines())})\b")
_BELOW_LINES = 4
_LONGEST_NAME_LINE = 90
# A name with as many points as this or more is that of who signed.
SIGNED = 10
_CLOSING_POINTS, _SIGNED_BELOW_POINTS, _NAME_OVER_TRADE_POINTS = 10, 12, 6
_MOST_NAME_WORDS = 12
# "Dr A Vale, Priory Road Surgery" as the last words of a page.
_DOCTOR = re.compile(rf"^\W*(?:Dr|Prof|Professor)\.? {_PART}(?: {_PART}){{1,3}},")
_LAST_LINES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """A name at `start:end` of a page's text; more points where it is more surely the author's."""

    value: str
    page: int
    start: int
    end: int
    points: int


def authors(lines: Sequence[TextLine], page: int) -> Iterator[Author]:
    """The names among the lines that may be the author's."""
    for place, line in enumerate(lines):
        lowered = line.text.lower()
        below = lines[place + 1 : place + 1 + _BELOW_LINES]
        if _CLOSING.match(line.text):
            yield from _first_below(below, page, _CLOSING_POINTS)
        elif "signed" in lowered and _SIGNED_BELOW.search(line.text):
            yield from _first_below(below[:2], page, _SIGNED_BELOW_POINTS)
        elif len(lines) - place <= _LAST_LINES and _DOCTOR.match(line.text):
            yield from _first_below([line], page, _NAME_OVER_TRADE_POINTS)
        elif (author := _whole_line(line, page)) and (
            _DEGREE.match(line.text, author.end - line.start) or (below and _TRADE_LINE.match(below[0].text))
        ):
            yield author
        if len(lowered) == len(line.text) and _ANY_LABEL.search(lowered) and not _ANOTHERS.search(line.text):
            yield from _labelled(line, lowered, page)


def author_of(found: Sequence[Author]) -> Author | None:
    """The surest; of several as sure, the first: who signs first wrote it."""
    return max(found, key=lambda author: author.points, default=None)


def _labelled(line: TextLine, lowered: str, page: int) -> Iterator[Author]:
    for points, pattern in _LABELS:
        for label in pattern.finditer(lowered):
            author = _person_at(line, label.end(), page, points)
            if author:
                yield author


def _first_below(lines: Sequence[TextLine], page: int, points: int) -> Iterator[Author]:
    for line in lines:
        leading = _STANDS_FOR.match(line.text)
        at = leading.end() if leading else 0
        author = _person_at(line, at, page, points)
        if author and not _CLOSING.match(line.text):
            yield author
            return


def _whole_line(line: TextLine, page: int) -> Author | None:
    """A line that is a name and no more, but for degrees."""
    if len(line.text) > _LONGEST_NAME_LINE or line.text.count(" ") >= _MOST_NAME_WORDS or line.text.endswith("."):
        return None
    leading = _STANDS_FOR.match(line.text)
    author = _person_at(line, leading.end() if leading else 0, page, _NAME_OVER_TRADE_POINTS)
    if author is None:
        return None
    rest = line.text[author.end - line.start :]
    return author if not rest.strip() or _DEGREE.match(rest) else None


def _person_at(line: TextLine, at: int, page: int, points: int) -> Author | None:
    found = _HAN_PERSON.match(line.text, at) or _PERSON.match(line.text, at)
    if found is None:
        return None
    # The trade is looked for in the line: "ST6" ends in no letter, and no name has digits.
    name = _TRADE.sub("", line.text[found.start(1) :])[: found.end(1) - found.start(1)].strip(" ,")
    words = re.sub(rf"^{_TITLE}*", "", name).split()
    is_han = "\u4e00" <= name[:1] <= "\u9fff"
    has_title = len(words) < len(name.split())
    if _NOT_A_PERSON.search(" ".join(words)) or (not is_han and len(words) < (1 if has_title else 2)) or not words:
        return None
    if sum(len(word) > 2 for word in words) == 0 and not is_han:
        return None
    start = line.start + found.start(1)
    return Author(value=name, page=page, start=start, end=start + len(name), points=points)
