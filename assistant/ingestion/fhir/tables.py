"""Facts of FHIR resources as tables: a row a fact, a column for each thing that any of them tells."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from assistant.coded import EntryKind
from assistant.ingestion.coding.clinical_times import day_of
from assistant.ingestion.coding.entry_lines import status_words
from assistant.ingestion.fhir.facts import Fact
from assistant.ingestion.flow.items import Row, Table

Cell = Callable[[Fact], str | None]


def _name(told: Fact) -> str | None:
    return told.entry.name


def _status(told: Fact) -> str | None:
    return status_words(told.entry)


def _when(told: Fact) -> str | None:
    return (told.entry.date or "").replace("T", " ")


def _day(told: Fact) -> str | None:
    return day_of(told.entry.date)


def _last(told: Fact) -> str | None:
    last = day_of(told.entry.last_date)
    return last if last != day_of(told.entry.date) else None


def _code(told: Fact) -> str | None:
    entry = told.entry
    return f"{entry.code_system or ''} {entry.code}".strip() if entry.code else None


_NOTE = ("Note", lambda told: told.note)
_CODE = ("Code", _code)
_MEASURED: tuple[tuple[str, Cell], ...] = (
    ("Name", _name),
    ("Value", lambda told: told.entry.value),
    ("Unit", lambda told: told.entry.unit),
    ("Reference range", lambda told: told.entry.reference_range),
    ("Flag", lambda told: told.entry.flag),
    ("Date", _when),
    ("Status", _status),
    _NOTE,
    _CODE,
)
_COLUMNS: dict[EntryKind, tuple[tuple[str, Cell], ...]] = {
    EntryKind.ALLERGY: (
        ("Substance", _name),
        ("Reaction", lambda told: told.entry.reaction),
        ("Status", _status),
        ("Since", _day),
        _NOTE,
        _CODE,
    ),
    EntryKind.PROBLEM: (("Problem", _name), ("Status", _status), ("Since", _day), ("Until", _last), _NOTE, _CODE),
    EntryKind.MEDICATION: (
        ("Medicine", _name),
        ("Dose", lambda told: told.entry.dose),
        ("Route", lambda told: told.entry.route),
        ("Frequency", lambda told: told.entry.frequency),
        ("Status", _status),
        ("Since", _day),
        ("Until", _last),
        _NOTE,
        _CODE,
    ),
    EntryKind.RESULT: _MEASURED,
    EntryKind.VITAL: _MEASURED,
    EntryKind.PROCEDURE: (
        ("Name", _name),
        ("Date", _day),
        ("Status", _status),
        ("Dose", lambda told: told.entry.dose),
        ("Route", lambda told: told.entry.route),
        _NOTE,
        _CODE,
    ),
    EntryKind.ENCOUNTER: (("Encounter", _name), ("Date", _day), ("Until", _last), ("Status", _status), _NOTE, _CODE),
    EntryKind.PLAN: (
        ("Plan", _name),
        ("Target", lambda told: " ".join(part for part in (told.entry.value, told.entry.unit) if part)),
        ("Status", _status),
        ("Date", _day),
        ("Until", _last),
        _NOTE,
        _CODE,
    ),
}


def fact_table(facts: Iterable[Fact]) -> Iterator[Table]:
    """The facts, all of one kind, by date, undated ones first; nothing for none."""
    rows = sorted(facts, key=lambda told: told.entry.date or "")
    if rows:
        columns = [each for each in _COLUMNS[rows[0].entry.kind] if any(each[1](told) for told in rows)]
        heading = Row(cells=tuple(title for title, _ in columns), is_heading=True)
        yield Table(rows=(heading, *(_row(told, [cell for _, cell in columns]) for told in rows)))


def _row(told: Fact, cells: Sequence[Cell]) -> Row:
    texts = tuple(" ".join((cell(told) or "").split()) for cell in cells)
    return Row(cells=texts, entries=() if told.only_shown else (told.entry,))
