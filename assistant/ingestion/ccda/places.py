"""Tie the coded entries of a section to the paragraphs and table rows of its narrative that show them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from assistant.coded import CodedEntry, EntryKind
from assistant.ingestion.ccda.narrative import Narrative, Place
from assistant.ingestion.ccda.statements import Statement
from assistant.ingestion.coding.clinical_times import day_of
from assistant.ingestion.coding.entry_lines import is_negated
from assistant.ingestion.flow.items import Item, Paragraph, Table

_WORD = re.compile(r"[^\W_]+")
_NEGATION = re.compile(
    r"\b(?:no|not|none|never|denies|denied|negative|without|absent|refused|declined|ruled out|nka|nkda|nkfa)\b", re.I
)
_TELLING_LETTERS = 4  # words as short as "oral" or "mild" stand in many rows; "with" tells nothing
_NOT_TELLING = frozenset(
    "with without oral tablet tablets capsule solution injection unspecified disorder status".split()
)
_SHORTEST_CODE = 4
_Key = tuple[int, int | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedEntries:
    """The narrative's items with the entries that they show, and those that nothing in it shows."""

    items: tuple[Item, ...]
    unplaced: tuple[CodedEntry, ...]


def place_entries(narrative: Narrative, statements: Iterable[Statement]) -> PlacedEntries:
    """Put every entry where the file says that it stands, if its words are there; else where its words are."""
    rows = [_Row(place) for place in narrative.places]
    by_word = _by_word(rows)
    found: dict[_Key, list[CodedEntry]] = {}
    unplaced: list[CodedEntry] = []
    for statement in statements:
        row = _referenced(statement, narrative, rows) or _named(statement, rows, by_word)
        if row is None:
            unplaced.append(statement.entry)
        else:
            row.used.add(statement.entry.kind)
            found.setdefault((row.place.item, row.place.row), []).append(statement.entry)
    items = tuple(_with_entries(item, position, found) for position, item in enumerate(narrative.items))
    return PlacedEntries(items=items, unplaced=tuple(unplaced))


class _Row:
    """A place of the narrative, made ready to be searched; `used` are the kinds of the entries put there."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.words = _plain(place.text)
        self.used: set[EntryKind] = set()

    def names(self, name: str) -> bool:
        """Whether the whole name stands here."""
        plain = _plain(name)
        return bool(plain.strip()) and plain in self.words

    def shares_a_word(self, names: Sequence[str]) -> bool:
        """Whether any telling word of the names stands here."""
        words = {word for name in names for word in _plain(name).split()}
        telling = (word for word in words if len(word) >= _TELLING_LETTERS and word not in _NOT_TELLING)
        return any(f" {word} " in self.words for word in telling)

    def has_code(self, code: str | None) -> bool:
        return code is not None and len(code) >= _SHORTEST_CODE and _plain(code) in self.words


def _referenced(statement: Statement, narrative: Narrative, rows: Sequence[_Row]) -> _Row | None:
    """The row that the entry refers to. Writers refer to wrong rows, so its words must be there."""
    entry = statement.entry
    weak = None
    for reference in statement.references:
        anchor = narrative.anchor(reference)
        if anchor is None:
            continue
        for row in rows[anchor.first : anchor.end]:
            if not _agrees(entry, row.place.text):
                continue
            if any(row.names(name) for name in statement.names) or row.has_code(entry.code):
                return row
            is_its_value = entry.value is not None and _shows_value(entry.value, anchor.text)
            if weak is None and (is_its_value or row.shares_a_word(statement.names)):
                weak = row
    return weak


def _by_word(rows: Sequence[_Row]) -> dict[str, list[int]]:
    """The rows that each word stands in."""
    found: dict[str, list[int]] = {}
    for number, row in enumerate(rows):
        for word in set(row.words.split()):
            found.setdefault(word, []).append(number)
    return found


def _candidates(statement: Statement, rows: Sequence[_Row], by_word: dict[str, list[int]]) -> list[_Row]:
    """The rows that can hold the statement: those with the rarest word of one of its names, or of its value."""
    values = [word for word in _plain(statement.entry.value or "").split() if word in by_word]
    numbers: set[int] = set()
    for name in statement.names:
        if words := _plain(name).split():
            rarest = min((*words, *values), key=lambda word: len(by_word.get(word, ())))
            numbers.update(by_word.get(rarest, ()))
    return [rows[number] for number in sorted(numbers)]


def _named(statement: Statement, rows: Sequence[_Row], by_word: dict[str, list[int]]) -> _Row | None:
    """The row that has the entry's name and value; one with its date, and one that is not taken, before others."""
    entry = statement.entry
    dates = [_plain(form) for form in _date_forms(entry)]
    best, best_score = None, -1
    for row in _candidates(statement, rows, by_word):
        if not (_agrees(entry, row.place.text) and any(row.names(name) for name in statement.names)):
            continue
        score = 2 * any(form in row.words for form in dates) + (entry.kind not in row.used)
        if score > best_score:
            best, best_score = row, score
    return best


def _agrees(entry: CodedEntry, text: str) -> bool:
    """Whether the words say what the entry says: its value stands there, and what is denied is denied there too."""
    if entry.value is not None and not _shows_value(entry.value, text):
        return False
    return not is_negated(entry) or _NEGATION.search(text) is not None


def _shows_value(value: str, text: str) -> bool:
    """Whether the value stands in the text as a number of its own, or as words of its own."""
    if value[:1].isdigit() or value[:1] in "-+.<>":
        return value in text and re.search(rf"(?<![\d.,]){re.escape(value)}(?![\d]|[.,]\d)", text) is not None
    return _plain(value) in _plain(text)


def _plain(text: str) -> str:
    """The words in lower case with a space around each, without marks."""
    return f" {' '.join(_WORD.findall(text.casefold()))} "


def _date_forms(entry: CodedEntry) -> Iterator[str]:
    """The ways in which a full date is written in tables."""
    day = day_of(entry.date) or ""
    try:
        found = date.fromisoformat(day)
    except ValueError:
        return
    yield from (found.strftime(form) for form in ("%Y-%m-%d", "%Y%m%d", "%m-%d-%Y", "%d %b %Y", "%b %d %Y"))
    yield from (found.strftime(form) for form in ("%B %d %Y", "%d %B %Y"))
    yield f"{found.month} {found.day} {found.year}"
    yield from (f"{found.strftime(month)} {found.day} {found.year}" for month in ("%b", "%B"))


def _with_entries(item: Item, position: int, found: dict[_Key, list[CodedEntry]]) -> Item:
    if isinstance(item, Paragraph) and (entries := found.get((position, None))):
        return replace(item, entries=tuple(entries))
    if isinstance(item, Table):
        rows = (
            replace(row, entries=tuple(found[position, number])) if (position, number) in found else row
            for number, row in enumerate(item.rows)
        )
        return replace(item, rows=tuple(rows))
    return item
