"""What a file without pages of its own says, top to bottom: headings, paragraphs, tables, page breaks.

Readers of such formats (DOCX, HTML, C-CDA, ...) turn a file into these; `flow.layout` lays them out on pages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.coded import CodedEntry
from assistant.domain import HidingPlace


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A heading; level 1 is the document's title."""

    text: str
    level: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """A paragraph or list item; a line break inside is kept. `entries` stand in it (their offsets are set by layout).

    `marker` is what stands before a list item ("-", "3."), `indent` its depth.
    """

    text: str
    marker: str = ""
    indent: int = 0
    entries: tuple[CodedEntry, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a table: its cells' texts, column by column; an empty cell is "". `entries` stand in it."""

    cells: tuple[str, ...]
    is_heading: bool = False
    entries: tuple[CodedEntry, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table; rows may have fewer cells than the widest. On a new page its heading rows are not repeated."""

    rows: tuple[Row, ...]
    caption: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageBreak:
    """What follows begins a new page: the break of the document itself, another sheet, another message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HiddenWords:
    """Words that the file holds and does not show: no part of the text, said of the page where they would stand."""

    text: str
    place: HidingPlace


Item = Heading | Paragraph | Table | PageBreak | HiddenWords
Items = Sequence[Item]
